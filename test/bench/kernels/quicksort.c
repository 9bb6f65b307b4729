/* Sorts fresh random numbers by recursion: unpredictable branches, calls at all depths. */
enum { COUNT = 100000 };

static int values[COUNT];

static void sort(int low, int high) {
  while (low < high) {
    int pivot = values[low + (high - low) / 2], i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) {
        int swap = values[i];
        values[i++] = values[j];
        values[j--] = swap;
      }
    }
    if (j - low < high - i) {
      sort(low, j);
      low = i;
    } else {
      sort(i, high);
      high = j;
    }
  }
}

int run(int rounds) {
  unsigned seed = 1;
  int checksum = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < COUNT; i++) values[i] = (int)((seed = seed * 1664525 + 1013904223) >> 2);
    sort(0, COUNT - 1);
    for (int i = 1; i < COUNT; i++) checksum += values[i - 1] > values[i];
    checksum = checksum * 31 + values[round % COUNT];
  }
  return checksum;
}
