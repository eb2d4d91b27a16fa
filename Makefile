# Firebreak: `make help` names the targets. O= sets the output folder, F= the flavour.
F ?= dev
O ?= build
B := $(O)/$(F)
ifeq ($(origin CC),default)
CC := gcc
endif

WARN := -Wall -Wextra -Wshadow -Wvla -Wconversion -Wframe-larger-than=2048 -Wstrict-prototypes \
        -Wmissing-prototypes -Werror
CFLAGS_dev := -O1 -g -DFIREBREAK_FAULTS=1
CFLAGS_release := -O2 -g
CFLAGS_asan := -O1 -g -DFIREBREAK_FAULTS=1 -DFIREBREAK_ARENA_DEBUG=1 -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -DFIREBREAK_FAULTS=1 -fsanitize=thread $(if $(findstring gcc,$(CC)),-Wno-tsan)
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Isrc -I. $(WARN) -fno-omit-frame-pointer -fstack-protector-strong \
              -fPIE $(CFLAGS_$(F)) $(CFLAGS)
LIBS := -lssl -lcrypto -lcares -lpcre2-8 -lpthread
ALL_LDFLAGS := -pie -Wl,-z,now,-z,relro $(filter -fsanitize=%,$(CFLAGS_$(F))) $(LDFLAGS)

SRC := $(filter-out src/agent/% src/app/main.c,$(wildcard src/*/*.c src/*/*.S))
OBJ := $(patsubst %,$(B)/%.o,$(SRC))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*/*_test.c))

.PHONY: all test clean bench bench-compare FORCE
all: $(if $(wildcard src/app/main.c),$(B)/firebreak)
$(B)/firebreak: $(B)/src/app/main.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
# The commit is compiled into one file, which is built again only when it is another one.
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
$(B)/commit.h: FORCE
	@mkdir -p $(@D)
	@echo '#define FIREBREAK_COMMIT "$(COMMIT)"' | cmp -s - $@ || \
	    echo '#define FIREBREAK_COMMIT "$(COMMIT)"' > $@
$(B)/src/app/version.c.o: $(B)/commit.h
$(B)/src/app/version.c.o: ALL_CFLAGS += -I$(B)
FORCE:
$(B)/libfirebreak.a: $(OBJ)
	@rm -f $@; ar rcsD $@ $^
$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/tests/%: $(B)/tests/%.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(B)/bench/%: $(B)/bench/%.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
test: $(TESTS)
	prove -e '' $(TESTS)
# `make bench B=probe`: B names a bench here, where it comes from the command line.
BENCH := $(if $(filter command,$(origin B)),$(B))
bench:
	tools/bench $(BENCH)
bench-compare:
	tools/bench --base $(BASE) $(BENCH)
clean:
	rm -rf $(O)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
