#pragma once
/// A disk that is slower than the one at hand, for all engines of this process alike: what ratio a
/// journal reaches depends on what a sync costs, and disks differ by far.

#include <chrono>

namespace fasti::bench {

struct disk_speed {
  std::chrono::microseconds sync{};   ///< Of each sync, by itself; 0: as fast as it is.
  double megabytes_per_second = 0.0;  ///< Of what was written to the file since its last sync.
};

/// From now on each sync of a file or directory takes at least as long as on such a disk, which
/// does one thing at a time, in the order in which it is asked: what is sent to it before a sync
/// (sync_file_range) keeps it busy, too. The real calls are made all the same. Stands in for write,
/// pwrite, sync_file_range, fsync, fdatasync and close of the whole process, its libraries too.
/// Before there are other threads.
void slow_down(const disk_speed& to);

}  // namespace fasti::bench
