//  A stand-in for the header of this name: see cuda_runtime_api.h.
#ifndef CUDA_STAND_IN_COOPERATIVE_GROUPS_H
#define CUDA_STAND_IN_COOPERATIVE_GROUPS_H

#include "cuda_runtime.h"

namespace cooperative_groups {

struct grid_group {
    void sync() const
    {
        emulator::wait_for_grid();
    }
};
inline grid_group this_grid()
{
    return {};
}

} // namespace cooperative_groups

#endif
