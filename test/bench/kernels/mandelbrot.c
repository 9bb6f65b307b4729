/* The Mandelbrot set: a loop whose end depends on the data. */
int run(int size) {
  int total = 0;
  for (int row = 0; row < size; row++) {
    for (int column = 0; column < size; column++) {
      double cr = 3.0 * column / size - 2.2, ci = 2.4 * row / size - 1.2, zr = 0, zi = 0;
      int n = 0;
      for (; n < 200 && zr * zr + zi * zi < 4; n++) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
      }
      total += n;
    }
  }
  return total;
}
