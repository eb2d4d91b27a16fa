#include "tests/lang/values.h"

static const struct go_value one_two[] = {G_INT(1), G_INT(2)};
static const char *const xy[] = {"X", "Y"};
static const struct thing point = {.type = "main.Point", .parts = one_two, .names = xy};
static const struct thing ints = {.type = "[]int", .parts = one_two};

static void lists_and_structs(void)
{
    struct go_value p = compound(GO_STRUCT, 2, &point), l = compound(GO_SLICE, 2, &ints);
    l.elem_kind = GO_INT;
    CHECK_STR(PRINTED("%v %+v %#v %T", p, p, p, p),
              "{1 2} {X:1 Y:2} main.Point{X:1, Y:2} main.Point");
    CHECK_STR(PRINTED("%v %#v %03d %s", l, l, l, l),
              "[1 2] []int{1, 2} [001 002] [%!s(int=1) %!s(int=2)]");
    l.is_nil = true;
    CHECK_STR(PRINTED("%v %#v", l, l), "[] []int(nil)");
}

static void a_pointer_is_followed_only_at_the_top(void)
{
    struct go_value target = compound(GO_STRUCT, 2, &point);
    const struct thing pointer = {.type = "*main.Point", .parts = &target};
    struct go_value p = compound(GO_POINTER, 0, &pointer);
    p.elem_kind = GO_STRUCT;
    const struct thing list = {.type = "[]*main.Point", .parts = &p};
    CHECK_STR(PRINTED("%v %+v %#v", p, p, p), "&{1 2} &{X:1 Y:2} &main.Point{X:1, Y:2}");
    CHECK_STR(PRINTED("%v", compound(GO_SLICE, 1, &list)), "(failed: -95)");
    CHECK_STR(PRINTED("%p", p), "(failed: -95)");
    p.is_nil = true;
    CHECK_STR(PRINTED("%v %#v %p %d", p, p, p, p), "<nil> (*main.Point)(nil) 0x0 0");
}

static void maps_are_shown_in_the_order_of_their_keys(void)
{
    const struct go_value entries[] = {G_STRING("b"), G_INT(2), G_STRING("a"), G_INT(1)};
    const struct thing map = {.type = "map[string]int", .parts = entries};
    struct go_value m = compound(GO_MAP, 2, &map);
    CHECK_STR(PRINTED("%v %#v", m, m), "map[a:1 b:2] map[string]int{\"a\":1, \"b\":2}");
    m.is_nil = true;
    CHECK_STR(PRINTED("%v %#v", m, m), "map[] map[string]int(nil)");
}

static void bytes_are_text_to_some_verbs(void)
{
    const struct go_value letters[] = {G_UINT8('h'), G_UINT8('i')};
    const struct thing bytes = {.type = "[]uint8", .parts = letters};
    struct go_value b = compound(GO_SLICE, 2, &bytes);
    b.elem_kind = GO_UINT8;
    CHECK_STR(PRINTED("%s %q %x %v %d %#v %T", b, b, b, b, b, b, b),
              "hi \"hi\" 6869 [104 105] [104 105] []byte{0x68, 0x69} []uint8");
}

static void methods_speak_for_their_values(void)
{
    const struct thing level = {.type = "main.Level", .said = "high"};
    struct go_value l = {.kind = GO_INT,
                         .integer = 3,
                         .methods = GO_HAS_STRING,
                         .ops = &thing_ops,
                         .object = &level};
    CHECK_STR(PRINTED("%v %s %q %x %d %#v", l, l, l, l, l, l), "high high \"high\" 68696768 3 3");
    CHECK_STR(PRINTED("%t", l), "%!t(main.Level=3)");
    const struct thing list = {.type = "[]main.Level", .parts = &l};
    CHECK_STR(PRINTED("%v", compound(GO_SLICE, 1, &list)), "[high]");
    static const char *const hidden[] = {"level"};
    const struct thing holder = {.type = "main.Holder", .parts = &l, .names = hidden};
    CHECK_STR(PRINTED("%v", compound(GO_STRUCT, 1, &holder)), "{3}");
}

static void a_panic_in_a_method_is_text(void)
{
    const struct thing level = {.type = "main.Level", .said = "oh", .panics = true};
    struct go_value l = {
        .kind = GO_INT, .methods = GO_HAS_STRING, .ops = &thing_ops, .object = &level};
    CHECK_STR(PRINTED("%v", l), "%!v(PANIC=String method: oh)");
    l.methods = GO_HAS_ERROR;
    CHECK_STR(PRINTED("%s", l), "%!s(PANIC=Error method: oh)");
    l.kind = GO_POINTER;
    l.is_nil = true;
    CHECK_STR(PRINTED("%s", l), "<nil>");
}

static void what_an_interface_holds(void)
{
    const struct go_value held = G_INT(7);
    const struct thing holds = {.type = "interface {}", .parts = &held};
    struct go_value items[] = {compound(GO_INTERFACE, 0, &holds),
                               compound(GO_INTERFACE, 0, &holds)};
    items[1].is_nil = true;
    const struct thing list = {.type = "[]interface {}", .parts = items};
    struct go_value l = compound(GO_SLICE, 2, &list);
    CHECK_STR(PRINTED("%v %#v", l, l), "[7 <nil>] []interface {}{7, interface {}(nil)}");
    CHECK_STR(PRINTED("%v %5v", G_NIL, G_NIL), "<nil> <nil>");
}

static void nesting_without_end_is_refused(void)
{
    struct thing self = {.type = "main.Tree"};
    struct go_value tree = compound(GO_SLICE, 1, &self);
    self.parts = &tree;
    CHECK_STR(PRINTED("%v", tree), "(failed: -40)");
}

int main(void)
{
    TAP_RUN(lists_and_structs);
    TAP_RUN(a_pointer_is_followed_only_at_the_top);
    TAP_RUN(maps_are_shown_in_the_order_of_their_keys);
    TAP_RUN(bytes_are_text_to_some_verbs);
    TAP_RUN(methods_speak_for_their_values);
    TAP_RUN(a_panic_in_a_method_is_text);
    TAP_RUN(what_an_interface_holds);
    TAP_RUN(nesting_without_end_is_refused);
    return LANG_DONE();
}
