#include "lang/golib_impl.h"

/* What works on slices and maps of any type, or calls the user's funcs, is the evaluator's: here
 * are the names and what they look like. Iterators (slices.Values, maps.Keys …) came after the
 * language edition that configurations are written in, and are not here. */

#define FUNC(NAME, SIGNATURE)              \
    {                                      \
        .name = NAME, .generic = SIGNATURE \
    }

static const struct golib_func slices_funcs[] = {
    FUNC("BinarySearch", "func[S ~[]E, E cmp.Ordered](x S, target E) (int, bool)"),
    FUNC("BinarySearchFunc",
         "func[S ~[]E, E, T any](x S, target T, cmp func(E, T) int) (int, bool)"),
    FUNC("Clip", "func[S ~[]E, E any](s S) S"),
    FUNC("Clone", "func[S ~[]E, E any](s S) S"),
    FUNC("Compact", "func[S ~[]E, E comparable](s S) S"),
    FUNC("CompactFunc", "func[S ~[]E, E any](s S, eq func(E, E) bool) S"),
    FUNC("Compare", "func[S ~[]E, E cmp.Ordered](s1 S, s2 S) int"),
    FUNC("CompareFunc",
         "func[S1 ~[]E1, S2 ~[]E2, E1, E2 any](s1 S1, s2 S2, cmp func(E1, E2) int) int"),
    FUNC("Concat", "func[S ~[]E, E any](slices ...S) S"),
    FUNC("Contains", "func[S ~[]E, E comparable](s S, v E) bool"),
    FUNC("ContainsFunc", "func[S ~[]E, E any](s S, f func(E) bool) bool"),
    FUNC("Delete", "func[S ~[]E, E any](s S, i int, j int) S"),
    FUNC("DeleteFunc", "func[S ~[]E, E any](s S, del func(E) bool) S"),
    FUNC("Equal", "func[S ~[]E, E comparable](s1 S, s2 S) bool"),
    FUNC("EqualFunc",
         "func[S1 ~[]E1, S2 ~[]E2, E1, E2 any](s1 S1, s2 S2, eq func(E1, E2) bool) bool"),
    FUNC("Grow", "func[S ~[]E, E any](s S, n int) S"),
    FUNC("Index", "func[S ~[]E, E comparable](s S, v E) int"),
    FUNC("IndexFunc", "func[S ~[]E, E any](s S, f func(E) bool) int"),
    FUNC("Insert", "func[S ~[]E, E any](s S, i int, v ...E) S"),
    FUNC("IsSorted", "func[S ~[]E, E cmp.Ordered](x S) bool"),
    FUNC("IsSortedFunc", "func[S ~[]E, E any](x S, cmp func(a E, b E) int) bool"),
    FUNC("Max", "func[S ~[]E, E cmp.Ordered](x S) E"),
    FUNC("MaxFunc", "func[S ~[]E, E any](x S, cmp func(a E, b E) int) E"),
    FUNC("Min", "func[S ~[]E, E cmp.Ordered](x S) E"),
    FUNC("MinFunc", "func[S ~[]E, E any](x S, cmp func(a E, b E) int) E"),
    FUNC("Replace", "func[S ~[]E, E any](s S, i int, j int, v ...E) S"),
    FUNC("Reverse", "func[S ~[]E, E any](s S)"),
    FUNC("Sort", "func[S ~[]E, E cmp.Ordered](x S)"),
    FUNC("SortFunc", "func[S ~[]E, E any](x S, cmp func(a E, b E) int)"),
    FUNC("SortStableFunc", "func[S ~[]E, E any](x S, cmp func(a E, b E) int)"),
};

static const struct golib_func maps_funcs[] = {
    FUNC("Clone", "func[M ~map[K]V, K comparable, V any](m M) M"),
    FUNC("Copy", "func[M1 ~map[K]V, M2 ~map[K]V, K comparable, V any](dst M1, src M2)"),
    FUNC("DeleteFunc", "func[M ~map[K]V, K comparable, V any](m M, del func(K, V) bool)"),
    FUNC("Equal", "func[M1, M2 ~map[K]V, K, V comparable](m1 M1, m2 M2) bool"),
    FUNC("EqualFunc", "func[M1 ~map[K]V1, M2 ~map[K]V2, K comparable, V1, V2 any]"
                      "(m1 M1, m2 M2, eq func(V1, V2) bool) bool"),
};

static const struct golib_func sort_funcs[] = {
    FUNC("Find", "func(n int, cmp func(int) int) (i int, found bool)"),
    FUNC("Float64s", "func(x []float64)"),
    FUNC("Float64sAreSorted", "func(x []float64) bool"),
    FUNC("Ints", "func(x []int)"),
    FUNC("IntsAreSorted", "func(x []int) bool"),
    FUNC("Search", "func(n int, f func(int) bool) int"),
    FUNC("SearchFloat64s", "func(a []float64, x float64) int"),
    FUNC("SearchInts", "func(a []int, x int) int"),
    FUNC("SearchStrings", "func(a []string, x string) int"),
    FUNC("Slice", "func(x any, less func(i int, j int) bool)"),
    FUNC("SliceIsSorted", "func(x any, less func(i int, j int) bool) bool"),
    FUNC("SliceStable", "func(x any, less func(i int, j int) bool)"),
    FUNC("Strings", "func(x []string)"),
    FUNC("StringsAreSorted", "func(x []string) bool"),
};

const struct golib_package golib_slices = {
    .path = "slices", .funcs = slices_funcs, .func_count = ARRAY_LEN(slices_funcs)};
const struct golib_package golib_maps = {
    .path = "maps", .funcs = maps_funcs, .func_count = ARRAY_LEN(maps_funcs)};
const struct golib_package golib_sort = {
    .path = "sort", .funcs = sort_funcs, .func_count = ARRAY_LEN(sort_funcs)};
