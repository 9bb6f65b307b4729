// Virtual calls, lambdas and the standard containers of C++, without exceptions.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const = 0;
};

class Circle : public Shape {
 public:
  explicit Circle(double radius) : radius_(radius) {}
  double area() const override { return 3.141592653589793 * radius_ * radius_; }
  std::string name() const override { return "circle"; }

 private:
  double radius_;
};

class Polygon : public Shape {
 public:
  Polygon(int sides, double side) : sides_(sides), side_(side) {}
  double area() const override { return sides_ * side_ * side_ / (4 * std::tan(3.141592653589793 / sides_)); }
  std::string name() const override { return "polygon of " + std::to_string(sides_) + " sides"; }

 private:
  int sides_;
  double side_;
};

}  // namespace

int main() {
  std::vector<std::unique_ptr<Shape>> shapes;
  unsigned seed = 1;
  for (int i = 0; i < 500; i++) {
    seed = seed * 1664525u + 1013904223u;
    double size = (seed >> 16) % 100 / 8.0 + 1;
    if (seed >> 30 == 0) {
      shapes.push_back(std::make_unique<Circle>(size));
    } else {
      shapes.push_back(std::make_unique<Polygon>(3 + static_cast<int>(seed >> 28), size));
    }
  }
  std::map<std::string, std::pair<int, double>> totals;
  std::function<void(const Shape &)> add = [&totals](const Shape &shape) {
    auto &[count, area] = totals[shape.name()];
    count++;
    area += shape.area();
  };
  for (const auto &shape : shapes) add(*shape);
  for (const auto &[name, total] : totals) std::printf("%-22s %4d %14.6f\n", name.c_str(), total.first, total.second);

  std::stable_sort(shapes.begin(), shapes.end(), [](const auto &a, const auto &b) { return a->area() < b->area(); });
  std::printf("smallest %s %.6f\n", shapes.front()->name().c_str(), shapes.front()->area());
  std::printf("largest %s %.6f\n", shapes.back()->name().c_str(), shapes.back()->area());
  return 0;
}
