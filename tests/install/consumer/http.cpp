// One who shows figures: links fasti::http, and sees nothing of what it is made of.
#include <fasti/metrics.hpp>

#include <iostream>

int main(int, char** argv) {
  auto rt = fasti::runtime::open<>({.path = argv[1], .when_missing = fasti::when_missing::create});
  if (!rt) return std::cerr << rt.error().to_string() << '\n', 1;
  auto figures = fasti::serve_metrics(*rt);
  if (!figures) return std::cerr << figures.error().to_string() << '\n', 1;
  std::cout << "figures at " << figures->url() << "/metrics\n";
}
