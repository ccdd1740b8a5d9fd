//  Finite differences in three dimensions. A block goes down the planes of a tile of the
//  grid with several steps (levels) one plane behind the other: it reads each plane once,
//  and writes it LEVELS steps later.
//
//      a plane of level 0 is read  ->  level 1 gets the plane above it  ->  … level LEVELS
//
//  So the memory moves as much for LEVELS steps as for one, but for the halo of a tile,
//  whose points become wrong from outside inwards, one ring at a step (for the edges of the
//  grid see cuda_strip.cuh). Of each level only the last two planes are needed. A warp has
//  ROWS whole rows of the tile; it keeps the newer plane in its registers and the older one
//  in the block's shared memory. What it needs of the rows of other warps are their first
//  and last ones of the newer planes: those are in shared memory too, each in one of two
//  slots by turns. The other slot then holds the row of the plane before, which nobody but
//  its warp reads; so each number is there once, and one barrier for a plane is enough for
//  all levels. The next plane is copied into shared memory meanwhile.
//
//  Known as 3.5-D blocking (A. Nguyen et al., "3.5-D blocking optimization for stencil
//  computations on modern CPUs and GPUs", SC 2010). bench/NOTES.md counts what it moves and holds.
#include <cooperative_groups.h>
#include <cuda_pipeline.h>

#include "kernels/common/cuda_launch.cuh"
#include "kernels/heat/cuda_stencil.h"
#include "kernels/heat/cuda_strip.cuh"

enum {
    ROWS = 4,        // of a warp
    MOST_WARPS = 12, // of a block: see warps_of()
    TOP = 0,         // slots of a warp for a level: its first row in two planes, by turns,
    BOTTOM = 2,      // its last row likewise,
    INNER = 4,       // and the other rows of the older plane
    SLOTS = ROWS + 2
};

//  How a point's next value is computed.
enum rule {
    EQUAL,  // one ratio for all axes
    PLAIN,  // a ratio for each axis
    SOURCE, // the same, and a source
    FACES   // a number for each surface between two points, and a source or none
};

//  The most warps of a block: their registers are all that a multiprocessor has.
static constexpr __host__ __device__ int warps_of(rule way)
{
    return way == FACES ? 8 : MOST_WARPS;
}

//  The slot of a row of the older plane, where the rows of the newer one are in slot `turn` of two.
static constexpr __host__ __device__ int slot_of(int row, int turn)
{
    return row == 0 ? TOP + 1 - turn : row + 1 == ROWS ? BOTTOM + 1 - turn : INNER + row - 1;
}

//  What a launch works on.
template <typename real> struct solids {
    heat_boundary_t boundary;
    long count;
    int planes, rows, columns;
    int across, down, deep; // tiles of a grid along each axis
    int span, height;       // rows and planes that a tile writes
    double ratio[HEAT_AXES];
    const double *pace;
    const real *face[HEAT_AXES];
    const real *source;
    bool aligned; // rows begin at multiples of 16 bytes
};

//  Points of a lane in a row: 16 bytes.
template <typename real> constexpr int POINTS = 16 / sizeof(real);
template <typename real> using points = pack<real, POINTS<real>>;

//  Columns that a tile loses at each side: whole lanes, so that tiles stay aligned.
template <typename real> static constexpr __host__ __device__ int halo_of(int levels)
{
    return (levels + POINTS<real> - 1) / POINTS<real> * POINTS<real>;
}

//  A tile, in shared memory, since registers are scarce.
template <typename real> struct alignas(16) tile_of {
    const real *from; // the grid
    real *to;
    real centre, x, y, z;      // see step_plain()
    int top, left, first, end; // the first row and column, halo and all; planes to write
    // What the columns and rows stand for, and the surfaces before each of them:
    int column[LANES * POINTS<real>], column_surface[LANES * POINTS<real> + 4];
    int row[ROWS * MOST_WARPS], row_surface[ROWS * MOST_WARPS + 4];
};

//  A lane's part of a tile.
template <typename real> struct part {
    const solids<real> *grid;
    const tile_of<real> *all; // the tile
    const int *column, *column_surface, *row, *row_surface; // the lane's first, of the tile's
    unsigned kept;    // bit row * POINTS + point: fixed
    unsigned written; // bit row: not of the halo
    bool whole;       // the lane's points follow one another from a multiple of 16 bytes on
    points<real> *own, *above, *below; // slots of this warp and of those beside it
};

extern __shared__ __align__(16) unsigned char cuda_shared[];

//  The first point of row r of a plane.
template <typename real>
static __device__ inline size_t row_at(const part<real> &at, int plane, int r)
{
    return (plane * (size_t) (unsigned) at.grid->rows + at.row[r]) * (unsigned) at.grid->columns;
}

//  Begins to copy a lane's points of a plane into its slots; __pipeline_wait_prior(0) waits for them.
template <typename real>
static __device__ inline void fetch_plane(const part<real> &at, int plane, points<real> *slot)
{
    const int place = point_of(at.grid->boundary, plane, at.grid->planes);
    if (at.whole) {
        const real *first = at.all->from + at.column[0];
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            __pipeline_memcpy_async(slot + r * LANES, first + row_at(at, place, r), sizeof *slot);
    } else {
#pragma unroll 1
        for (int i = 0; i < ROWS * POINTS<real>; i++)
            __pipeline_memcpy_async(&slot[i / POINTS<real> * LANES].at[i % POINTS<real>],
                                    at.all->from + row_at(at, place, i / POINTS<real>) + at.column[i % POINTS<real>],
                                    sizeof(real));
    }
    __pipeline_commit();
}

template <typename real>
static __device__ inline void store_plane(const part<real> &at, int plane,
                                          const points<real> (&value)[ROWS])
{
    const solids<real> &grid = *at.grid;
    const int column = at.column[0];
    const bool whole = grid.aligned && column + POINTS<real> <= grid.columns;
#pragma unroll
    for (int r = 0; r < ROWS; r++)
        if (at.written >> r & 1)
            store_points(at.all->to + row_at(at, plane, r), column, grid.columns, whole, value[r].at);
}

//  A lane's points of a line of numbers.
template <typename real>
static __device__ inline points<real> load_row(const part<real> &at, const real *line)
{
    if (at.whole)
        return *reinterpret_cast<const points<real> *>(line + at.column[0]);
    points<real> value;
#pragma unroll
    for (int k = 0; k < POINTS<real>; k++) value.at[k] = line[at.column[k]];
    return value;
}

//  The points of a lane in a row, and those around them.
template <typename real> struct around {
    const points<real> &middle, &up, &down, &over, &under;
    real before, behind;

    __device__ real left(int k) const
    {
        return k > 0 ? middle.at[k > 0 ? k - 1 : 0] : before;
    }
    __device__ real right(int k) const
    {
        return k + 1 < POINTS<real> ? middle.at[k + 1 < POINTS<real> ? k + 1 : 0] : behind;
    }
};

//  A point's next value where one alpha holds.
template <typename real, rule RULE>
static __device__ inline points<real> step_plain(const part<real> &at, const around<real> &of)
{
    const real centre = at.all->centre, x = at.all->x, y = at.all->y, z = at.all->z;
    points<real> out;
#pragma unroll
    for (int k = 0; k < POINTS<real>; k++) {
        const real sides = of.left(k) + of.right(k), lines = of.up.at[k] + of.down.at[k];
        const real ends = of.over.at[k] + of.under.at[k];
        out.at[k] = centre * of.middle.at[k] + (RULE == EQUAL ? x * (sides + (lines + ends))
                                                              : x * sides + (y * lines + z * ends));
    }
    return out;
}

struct depth {
    int plane, before, behind; // what a plane and the surfaces before and behind it stand for
    bool kept;                 // it is fixed
};

//  A point's next value where each surface has a number.
template <typename real>
static __device__ inline points<real> step_faces(const part<real> &at, const around<real> &of,
                                                 const depth &plane, int r)
{
    const unsigned columns = (unsigned) at.grid->columns;
    const size_t rows = (unsigned) at.grid->rows;
    const real *const *face = at.grid->face;
    const real *sides = face[HEAT_X] + row_at(at, plane.plane, r) + plane.plane * rows + at.row[r];
    real side[POINTS<real> + 1];
#pragma unroll
    for (int k = 0; k <= POINTS<real>; k++)
        side[k] = at.whole ? (sides + at.column[0])[k] : sides[at.column_surface[k]];
    const real *ends = face[HEAT_Y] + plane.plane * (rows + 1) * columns;
    const points<real> up = load_row(at, ends + at.row_surface[r] * columns);
    const points<real> down = load_row(at, ends + at.row_surface[r + 1] * columns);
    const points<real> over = load_row(at, face[HEAT_Z] + row_at(at, plane.before, r));
    const points<real> under = load_row(at, face[HEAT_Z] + row_at(at, plane.behind, r));
    points<real> out;
#pragma unroll
    for (int k = 0; k < POINTS<real>; k++) {
        const real middle = of.middle.at[k];
        real value = middle;
        value += side[k + 1] * (of.right(k) - middle) - side[k] * (middle - of.left(k));
        value += down.at[k] * (of.down.at[k] - middle) - up.at[k] * (middle - of.up.at[k]);
        value += under.at[k] * (of.under.at[k] - middle) - over.at[k] * (middle - of.over.at[k]);
        out.at[k] = value;
    }
    return out;
}

//  Takes one step of a plane, and moves the planes of its level on by one.
//      turn    the slot of two that rows of the newer plane are in
//      newer   the plane to step; written: the one below it
//      next    the one below it; written: the stepped plane
template <typename real, rule RULE>
static __device__ inline void step_plane(const part<real> &at, int level, int turn, const depth &plane,
                                         points<real> (&newer)[ROWS], points<real> (&next)[ROWS])
{
    points<real> *own = at.own + level * SLOTS * LANES, stepped[ROWS];
    const points<real> above = at.above[(level * SLOTS + BOTTOM + turn) * LANES];
    const points<real> below = at.below[(level * SLOTS + TOP + turn) * LANES];
    real before[ROWS], behind[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) beside(newer[r].at, &before[r], &behind[r]);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        const points<real> over = own[slot_of(r, turn) * LANES];
        const around<real> of = {newer[r], r > 0 ? newer[r > 0 ? r - 1 : 0] : above,
                                 r + 1 < ROWS ? newer[r + 1 < ROWS ? r + 1 : 0] : below, over, next[r],
                                 before[r], behind[r]};
        stepped[r] = RULE == FACES ? step_faces(at, of, plane, r) : step_plain<real, RULE>(at, of);
        if (RULE == SOURCE || (RULE == FACES && at.grid->source)) {
            const points<real> source = load_row(at, at.grid->source + row_at(at, plane.plane, r));
#pragma unroll
            for (int k = 0; k < POINTS<real>; k++) stepped[r].at[k] += source.at[k];
        }
    }
    const unsigned kept = plane.kept ? ~0u : at.kept;
    if (kept)
#pragma unroll
        for (int i = 0; i < ROWS * POINTS<real>; i++)
            if (kept >> i & 1)
                stepped[i / POINTS<real>].at[i % POINTS<real>] = newer[i / POINTS<real>].at[i % POINTS<real>];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        // For the other warps, or for this one as the older plane.
        own[slot_of(r, turn) * LANES] = r == 0 || r + 1 == ROWS ? next[r] : newer[r];
        newer[r] = next[r];
        next[r] = stepped[r];
    }
}

//  Takes LEVELS steps of the planes first … end - 1 of a tile, and writes them.
template <typename real, int LEVELS, rule RULE>
static __device__ inline void sweep(const part<real> &at)
{
    const heat_boundary_t boundary = at.grid->boundary;
    const int planes = at.grid->planes;
    points<real> newer[LEVELS][ROWS] = {}, *ahead = at.own + LEVELS * SLOTS * LANES;
    int turn = 0;
    fetch_plane(at, at.all->first - LEVELS, ahead);
#pragma unroll 1
    for (int plane = at.all->first - LEVELS; plane < at.all->end + LEVELS; plane++) {
        points<real> next[ROWS];
        __pipeline_wait_prior(0);
#pragma unroll
        for (int r = 0; r < ROWS; r++) next[r] = ahead[(turn * ROWS + r) * LANES];
        turn = 1 - turn;
        fetch_plane(at, plane + 1, ahead + turn * ROWS * LANES);
#pragma unroll
        for (int level = 0; level < LEVELS; level++) {
            const int z = plane - 1 - level;
            depth here = {};
            here.kept = boundary == HEAT_FIXED && (z <= 0 || z >= planes - 1);
            if (RULE == SOURCE || RULE == FACES)
                here.plane = point_of(boundary, z, planes);
            if (RULE == FACES) {
                here.before = surface_of(boundary, z, planes);
                here.behind = surface_of(boundary, z + 1, planes);
            }
            step_plane<real, RULE>(at, level, turn, here, newer[level], next);
        }
        if (plane - LEVELS >= at.all->first)
            store_plane(at, plane - LEVELS, next);
        __syncthreads();
    }
    __pipeline_wait_prior(0); // the last copy is for nobody, but is not to come into those of the next tile
}

//  Finds the tile of a number. For one thread.
template <typename real, int LEVELS>
static __device__ inline void find_tile(const solids<real> &grid, const real *from, real *to, long number,
                                        tile_of<real> *all)
{
    constexpr int HALO = halo_of<real>(LEVELS);
    all->left = (int) (number % grid.across) * (LANES * POINTS<real> - 2 * HALO) - HALO;
    number /= grid.across;
    all->top = (int) (number % grid.down) * grid.span - LEVELS;
    number /= grid.down;
    all->first = (int) (number % grid.deep) * grid.height;
    all->end = all->first + grid.height < grid.planes ? all->first + grid.height : grid.planes;
    const long which = number / grid.deep;
    const size_t offset = which * (size_t) grid.planes * (size_t) grid.rows * grid.columns;
    all->from = from + offset;
    all->to = to + offset;
    const double pace = grid.pace ? grid.pace[which] : 1;
    const double rz = grid.ratio[HEAT_Z] * pace, ry = grid.ratio[HEAT_Y] * pace,
                 rx = grid.ratio[HEAT_X] * pace;
    all->centre = (real) (1 - 2 * (rz + ry + rx));
    all->x = (real) rx;
    all->y = (real) ry;
    all->z = (real) rz;
}

//  Fills in what the columns and rows of a tile stand for.
template <typename real>
static __device__ inline void find_places(const solids<real> &grid, tile_of<real> *all)
{
    const int thread = (int) (threadIdx.y * LANES + threadIdx.x), threads = (int) blockDim.y * LANES;
    const int rows = (int) blockDim.y * ROWS;
    for (int i = thread; i <= LANES * POINTS<real>; i += threads) {
        if (i < LANES * POINTS<real>)
            all->column[i] = point_of(grid.boundary, all->left + i, grid.columns);
        all->column_surface[i] = surface_of(grid.boundary, all->left + i, grid.columns);
    }
    for (int i = thread; i <= rows; i += threads) {
        if (i < rows)
            all->row[i] = point_of(grid.boundary, all->top + i, grid.rows);
        all->row_surface[i] = surface_of(grid.boundary, all->top + i, grid.rows);
    }
}

//  Which points of a lane are fixed, and which of its rows are written.
template <typename real, int LEVELS>
static __device__ inline void find_points(part<real> *at, int row, int column)
{
    constexpr int SIDE = halo_of<real>(LEVELS) / POINTS<real>;
    const solids<real> &grid = *at->grid;
    const int lane = (int) threadIdx.x, before = at->all->top + LEVELS;
    const bool inside = lane >= SIDE && lane < LANES - SIDE && column < grid.columns;
    for (int r = 0; r < ROWS; r++, row++) {
        if (inside && row >= before && row < before + grid.span && row < grid.rows)
            at->written |= 1u << r;
        for (int k = 0; k < POINTS<real>; k++)
            if (grid.boundary == HEAT_FIXED && (row <= 0 || row >= grid.rows - 1 || column + k <= 0 ||
                                                column + k >= grid.columns - 1))
                at->kept |= 1u << (r * POINTS<real> + k);
    }
}

//  The steps of one tile.
template <typename real, int LEVELS, rule RULE>
static __device__ inline void take_tile(const solids<real> &grid, const real *from, real *to, long number)
{
    constexpr int WARP = (LEVELS * SLOTS + 2 * ROWS) * LANES;
    const int lane = (int) threadIdx.x * POINTS<real>, warp = (int) threadIdx.y;
    tile_of<real> *all = reinterpret_cast<tile_of<real> *>(cuda_shared);
    __syncthreads(); // nobody looks at the last tile any more
    if (threadIdx.x == 0 && threadIdx.y == 0)
        find_tile<real, LEVELS>(grid, from, to, number, all);
    __syncthreads();
    find_places(grid, all);
    __syncthreads();
    part<real> at = {};
    at.grid = &grid;
    at.all = all;
    at.column = all->column + lane;
    at.column_surface = all->column_surface + lane;
    at.row = all->row + warp * ROWS;
    at.row_surface = all->row_surface + warp * ROWS;
    at.whole = grid.aligned && all->left >= 0 && all->left + LANES * POINTS<real> <= grid.columns;
    // Where there is no warp, its rows are those of the halo that are wrong anyhow.
    at.own = reinterpret_cast<points<real> *>(all + 1) + warp * WARP + threadIdx.x;
    at.above = warp > 0 ? at.own - WARP : at.own;
    at.below = warp + 1 < (int) blockDim.y ? at.own + WARP : at.own;
    find_points<real, LEVELS>(&at, all->top + warp * ROWS, all->left + lane);
    sweep<real, LEVELS, RULE>(at);
}

//  Takes LEVELS steps once, or so many times that blocks wait for one another in between;
//  the two grids take turns. Neither is read through the caches of constant memory, since
//  other blocks write to them meanwhile.
template <typename real, int LEVELS, rule RULE>
__global__ void __launch_bounds__(LANES *warps_of(RULE), 1)
    take_rounds(solids<real> grid, real *one, real *other, long rounds)
{
    const long tiles = grid.count * (long) grid.deep * grid.down * grid.across;
    for (long round = 0; round < rounds; round++) {
        for (long tile = blockIdx.x; tile < tiles; tile += gridDim.x)
            take_tile<real, LEVELS, RULE>(grid, round % 2 ? other : one,
                                          round % 2 ? one : other, tile);
        if (rounds > 1)
            cooperative_groups::this_grid().sync();
    }
}

//  --- The host's side -------------------------------------------------------------------

//  How a launch cuts the grids into tiles.
struct cut {
    rule way;
    int levels;
    long warps;  // of a block
    long blocks; // of a multiprocessor at once
    long across, down, deep, span, height;
    size_t shared; // bytes of a block
    double cost;   // of a step: see cost_of()
};

//  Tiles with so many levels: no more warps than shared memory has room for, and the rows need.
template <typename real>
static cut cut_of(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine, rule way, int levels)
{
    const size_t warp = (size_t) (levels * SLOTS + 2 * ROWS) * LANES * sizeof(points<real>);
    const long rows = (long) grids->length[HEAT_Y];
    const long room = ((long) machine->shared - (long) sizeof(tile_of<real>)) / (long) warp;
    const long most = (room < warps_of(way) ? room : warps_of(way)) * ROWS - 2 * levels;
    cut self = {};
    if (most < levels) // most of it would be halo
        return self;
    self.way = way;
    self.levels = levels;
    self.warps = ceiling(ceiling(rows, ceiling(rows, most)) + 2 * levels, ROWS);
    self.shared = sizeof(tile_of<real>) + self.warps * warp;
    const long by_registers = warps_of(way) / self.warps, by_shared = (long) (machine->shared / self.shared);
    self.blocks = by_registers < by_shared ? by_registers : by_shared;
    self.span = self.warps * ROWS - 2 * levels;
    self.down = ceiling(rows, self.span);
    self.across = ceiling((long) grids->length[HEAT_X],
                          LANES * POINTS<real> - 2 * halo_of<real>(levels));
    return self;
}

//  What a step costs, where the multiprocessors have so many turns of blocks. 1 is the time in which one
//  of them with all warps computes one level of a plane. To move a plane through memory takes some 3,
//  to begin a tile 2 planes' time, and a launch, or that all blocks wait for one another, 6.
static double cost_of(const cut &self, long turns)
{
    const double busy = (double) (self.blocks * self.warps) / warps_of(self.way);
    const double planes = (double) (self.height + 2 * self.levels + 2);
    return ((double) turns * planes * busy * (self.levels + 3) + 6) / self.levels;
}

//  Cuts the planes too.
static void cut_deep(cut *self, const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine)
{
    const long planes = (long) grids->length[HEAT_Z];
    const long columns = self->across * self->down * (long) grids->count;
    const long together = machine->multiprocessors * self->blocks;
    self->height = height_of(planes, columns, together, 2 * self->levels + 2, 1);
    self->deep = ceiling(planes, self->height);
    self->cost = cost_of(*self, ceiling(columns * self->deep, together));
}

//  The best way to take up to so many steps. Where each point has surfaces of its own, these are read
//  again for each level, from the first cache, which has room for those of two planes.
template <typename real>
static cut find_cut(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine, rule way, int64_t most)
{
    cut best = {};
    for (int levels = way == FACES ? 2 : 4; levels > 0; levels /= 2) {
        cut tried = cut_of<real>(grids, machine, way, levels);
        if (tried.levels == 0 || levels > most)
            continue;
        cut_deep(&tried, grids, machine);
        if (best.levels == 0 || tried.cost < best.cost)
            best = tried;
    }
    return best;
}

template <typename real>
static solids<real> solids_of(const heat_cuda_grids_t *grids, const cut &by)
{
    solids<real> grid = {};
    grid.boundary = grids->boundary;
    grid.count = (long) grids->count;
    grid.planes = (int) grids->length[HEAT_Z];
    grid.rows = (int) grids->length[HEAT_Y];
    grid.columns = (int) grids->length[HEAT_X];
    grid.across = (int) by.across;
    grid.down = (int) by.down;
    grid.deep = (int) by.deep;
    grid.span = (int) by.span;
    grid.height = (int) by.height;
    grid.pace = grids->pace;
    grid.source = (const real *) grids->source;
    grid.aligned = grid.columns * sizeof(real) % 16 == 0;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        grid.ratio[axis] = grids->ratio[axis];
        grid.face[axis] = (const real *) grids->face[axis];
    }
    return grid;
}

//  How many blocks of a launch of all rounds there can be: 0, where that is not to be.
template <typename real, typename kernel_fn>
static unsigned room_for(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         const cut &by, kernel_fn kernel)
{
    const double arrays = 2 * (double) grids->count + (grids->source ? 1 : 0) +
                          (grids->face[HEAT_X] ? 3 : 0);
    const double points = (double) (grids->length[HEAT_Z] * grids->length[HEAT_Y] * grids->length[HEAT_X]);
    if (!machine->together || arrays * points * sizeof(real) > 0.8 * (double) machine->cache)
        return 0;
    const int blocks = cuda_blocks_at_once(kernel, dim3(LANES, (unsigned) by.warps), by.shared);
    return (unsigned) (blocks * machine->multiprocessors);
}

//  Takes the steps of a cut: all rounds of them in one launch, where the grids stay in the
//  second cache. Gives how many it took.
template <typename real, int LEVELS, rule RULE>
static int64_t launch(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine, const cut &by,
                      int64_t most, void *from, void *to, void **here)
{
    const solids<real> grid = solids_of<real>(grids, by);
    const unsigned tiles = cuda_some((size_t) (grid.count * grid.deep * grid.down * grid.across));
    const auto kernel = take_rounds<real, LEVELS, RULE>;
    const unsigned room = most / LEVELS > 1 ? room_for<real>(grids, machine, by, kernel) : 0;
    const long rounds = room > 0 ? most / LEVELS : 1;
    cuda_launch_shared(kernel, dim3(room > 0 && room < tiles ? room : tiles),
                       dim3(LANES, (unsigned) by.warps), by.shared, room > 0, grid, (real *) from,
                       (real *) to, rounds);
    *here = rounds % 2 ? to : from;
    return rounds * LEVELS;
}

template <typename real>
static int64_t choose(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                      int64_t most, void *from, void *to, void **here)
{
    const double *ratio = grids->ratio;
    const bool equal = ratio[HEAT_X] == ratio[HEAT_Y] && ratio[HEAT_Y] == ratio[HEAT_Z];
    const rule way = grids->face[HEAT_X] ? FACES : grids->source ? SOURCE : equal ? EQUAL : PLAIN;
    const cut by = find_cut<real>(grids, machine, way, most);
    const auto taken = way == FACES    ? by.levels == 2   ? launch<real, 2, FACES>
                                                          : launch<real, 1, FACES>
                       : way == SOURCE ? by.levels == 4   ? launch<real, 4, SOURCE>
                                         : by.levels == 2 ? launch<real, 2, SOURCE>
                                                          : launch<real, 1, SOURCE>
                       : way == EQUAL  ? by.levels == 4   ? launch<real, 4, EQUAL>
                                         : by.levels == 2 ? launch<real, 2, EQUAL>
                                                          : launch<real, 1, EQUAL>
                       : by.levels == 4 ? launch<real, 4, PLAIN>
                       : by.levels == 2 ? launch<real, 2, PLAIN>
                                        : launch<real, 1, PLAIN>;
    return taken(grids, machine, by, most, from, to, here);
}

int64_t heat_cuda_step_solids(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         int64_t most, void *from, void *to, void **here)
{
    return (grids->single ? choose<float> : choose<double>)(grids, machine, most, from, to, here);
}
