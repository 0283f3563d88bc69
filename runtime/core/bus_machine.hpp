#pragma once
/// Who is to be told how far the journal is durable. A subscriber is told once and not again before
/// it says that it has caught up, so a slow one has one message waiting, however fast the journal
/// grows; it is told the newest head then, not each.

#include <algorithm>
#include <vector>

#include "fasti/ids.hpp"

namespace fasti::core {

template <class Subscriber>
class bus_machine {
 public:
  /// `head`: what is durable at the start.
  explicit bus_machine(position head) : head_(head) {}

  /// `tell(subscriber, head)` is called for each who is to be told, here and below.
  template <class Tell>
  void on_head(position head, Tell&& tell) {
    if (head <= head_) return;
    head_ = head;
    for (auto& s : all_) tell_if_due(s, tell);
  }
  template <class Tell>
  void on_subscribe(Subscriber who, Tell&& tell) {
    tell_if_due(all_.emplace_back(entry{std::move(who)}), tell);
  }
  template <class Tell>
  void on_caught_up(const Subscriber& who, position at, Tell&& tell) {
    for (auto& s : all_) {
      if (s.who != who) continue;
      s.seen = at;
      s.was_told = false;
      tell_if_due(s, tell);
    }
  }
  void on_unsubscribe(const Subscriber& who) {
    std::erase_if(all_, [&who](const entry& s) { return s.who == who; });
  }
  void forget_all() { all_.clear(); }

 private:
  struct entry {
    Subscriber who;
    position seen{};
    bool was_told = false;
  };

  template <class Tell>
  void tell_if_due(entry& s, Tell& tell) {
    if (s.was_told || s.seen >= head_) return;
    s.was_told = true;
    tell(s.who, head_);
  }

  position head_;
  std::vector<entry> all_;
};

}  // namespace fasti::core
