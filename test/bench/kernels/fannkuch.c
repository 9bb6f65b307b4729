/* Flips pancakes in every order of n: short loops over a small array, ends that depend on the data. */
int run(int n) {
  int order[16], count[16], work[16], most = 0, checksum = 0, r = n, permutation = 0;
  for (int i = 0; i < n; i++) order[i] = i;
  for (;;) {
    for (; r != 1; r--) count[r - 1] = r;
    for (int i = 0; i < n; i++) work[i] = order[i];
    int flips = 0;
    for (int first; (first = work[0]) != 0; flips++) {
      for (int low = 0, high = first; low < high; low++, high--) {
        int swap = work[low];
        work[low] = work[high];
        work[high] = swap;
      }
    }
    if (flips > most) most = flips;
    checksum += permutation++ % 2 ? -flips : flips;
    for (;; r++) {
      if (r == n) return checksum * 100 + most;
      int bottom = order[0];
      for (int i = 0; i < r; i++) order[i] = order[i + 1];
      order[r] = bottom;
      if (--count[r] > 0) break;
    }
  }
}
