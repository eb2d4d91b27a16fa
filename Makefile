# Firebreak: `make help` names the targets. O= sets the output folder, F= the flavour.
F ?= dev
O ?= build
B := $(O)/$(F)
ifeq ($(origin CC),default)
CC := gcc
endif

WARN := -Wall -Wextra -Wshadow -Wvla -Wconversion -Wframe-larger-than=2048 -Wstrict-prototypes \
        -Wmissing-prototypes -Werror
# The folder of the build is kept out of what is delivered: two folders give the same bytes.
SAME := -ffile-prefix-map=$(CURDIR)=.
CFLAGS_dev := -O1 -g -DFIREBREAK_FAULTS=1
CFLAGS_release := -O2 -g $(SAME)
CFLAGS_static := -O2 -g $(SAME)
# What a sanitizer adds to a frame is not our frame.
BIG_FRAMES := -Wno-frame-larger-than
CFLAGS_asan := -O1 -g -DFIREBREAK_FAULTS=1 -DFIREBREAK_ARENA_DEBUG=1 $(BIG_FRAMES) -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -DFIREBREAK_FAULTS=1 $(BIG_FRAMES) -fsanitize=thread $(if $(findstring gcc,$(CC)),-Wno-tsan)
CFLAGS_fuzz := -O1 -g -DFIREBREAK_FAULTS=1 -DFIREBREAK_ARENA_DEBUG=1 $(BIG_FRAMES) \
               -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
CFLAGS_cov := -O1 -g -DFIREBREAK_FAULTS=1 $(BIG_FRAMES)
# The tests themselves are not measured; -O1, because gcc 12 dies of one of them at -O0.
COVERAGE = $(if $(filter cov,$(F)),$(if $(filter src/%,$<),--coverage))
LDFLAGS_cov := --coverage
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Isrc -I. $(WARN) -fno-omit-frame-pointer -fstack-protector-strong \
              -fPIE $(CFLAGS_$(F)) $(CFLAGS)
LIBS := -lssl -lcrypto -lcares -lnghttp2 -lpcre2-8 -lyaml -lsqlite3 -lpthread -lm
# OpenSSL's archive has calls that want glibc's shared objects at run time (dlopen, getaddrinfo).
# The linker warns of each; we reach none of them, and tests/static checks that our objects do not.
LDFLAGS_static := -static-pie -Wl,--no-warnings
ALL_LDFLAGS := $(if $(filter static,$(F)),,-pie) -Wl,-z,now,-z,relro $(LDFLAGS_$(F)) \
               $(filter -fsanitize=%,$(CFLAGS_$(F))) $(LDFLAGS)

# FOLDERS=base and so on: a part of the tree by itself, with what it links.
FOLDERS ?= *
SRC := $(filter-out src/agent/% src/app/main.c,$(wildcard $(foreach d,$(FOLDERS),src/$(d)/*.c src/$(d)/*.S)))
OBJ := $(patsubst %,$(B)/%.o,$(SRC))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard $(FOLDERS:%=tests/%/*_test.c)))
FUZZERS := $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c))
HEADERS := $(patsubst %,$(B)/%.ok,$(wildcard src/*/*.h))
FIREBREAK := $(if $(wildcard src/app/main.c),$(B)/firebreak)
TAP := tools/tap -j 2 -t 600 --strip $(B)/tests/
PYTAP := tools/tap -j 2 --strip tests/ --wrap python3

.PHONY: all test unit check check-all tidy headers format worst compdb census help clean bench \
        bench-compare soak-long release static asan tsan cov valgrind sim sim-fresh sim-long tools-test \
        aarch64 kill kill-long mutants mutants-long torture cluster cluster-long fuzz fuzz-replay e2e \
        oracle oracle-long static-test oldkernel FORCE
all: $(FIREBREAK) #                dev build; F=release and so on: another flavour
release static: #        the binary of that flavour
	@$(MAKE) F=$@ all
$(B)/firebreak: $(B)/src/app/main.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
# The commit is compiled into one file, which is built again only when it is another one.
COMMIT ?= $(shell tools/commit)
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
	$(CC) $(ALL_CFLAGS) $(COVERAGE) -MMD -MP -c -o $@ $<
$(B)/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/tests/%: $(B)/tests/%.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/tools/linear_test $(B)/tests/store/etcd_cluster $(B)/tests/store/sqlite_kill: $(B)/tools/linear.c.o
$(B)/bench/%: $(B)/bench/%.c.o $(B)/libfirebreak.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(B)/bench/steady_sync.so: bench/steady_sync.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<
$(B)/fuzz/%_fuzz: $(B)/fuzz/%_fuzz.c.o $(B)/libfirebreak.a $(if $(filter-out fuzz,$(F)),$(B)/fuzz/replay.c.o)
	$(CC) $(ALL_LDFLAGS) $(if $(filter fuzz,$(F)),-fsanitize=fuzzer) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
$(B)/tools/%: tools/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<
# A world of the simulator each: W=store names one.
WORLDS := counter store schedule heal
W ?= counter
SIM := $(WORLDS:%=$(B)/sim/%/world)
.SECONDEXPANSION:
$(SIM): $$(patsubst %,$(B)/%.o,$$(wildcard $$(patsubst $(B)/%,%,$$(@D))/*.c) sim/search.c tools/linear.c) $(B)/libfirebreak.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(B)/%.h.ok: %.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -MF $(@:.ok=.d) -MT $@ -include $< -x c -c -o $@ /dev/null

check: tidy headers $(FIREBREAK) unit fuzz-replay #              what every commit passes
check-all: #          every lane of CI
	tools/lanes
test: tidy $(TESTS) #          unit tests, in short
	prove -j 2 -e '' $(TESTS)
unit: $(TESTS) $(FIREBREAK) #               unit tests, every case named
	@$(TAP) $(TESTS)
asan tsan: #          unit tests of that flavour
	@$(MAKE) F=$@ unit
cov: #                which lines the unit tests run
	@$(MAKE) F=cov unit
	@tools/cov $(O)/cov
valgrind: $(TESTS) #           unit tests under memcheck
	@FIREBREAK_ARENA_DEBUG=1 $(TAP) -t 900 --wrap 'valgrind -q --error-exitcode=99 --leak-check=full --fair-sched=yes' $(TESTS)
tools-test: $(B)/tests/tools/gdb_world #         the tests of tools/
	@$(PYTAP) $(wildcard tests/tools/*_test.py)
# SEED=7: other programs than those of CI.
ORACLE = tests/lang/programs/oracle.py --bin $(FIREBREAK) --seed $(or $(SEED),1)
oracle: $(FIREBREAK) #             generated configurations in Go beside real Go
	@$(ORACLE)
oracle-long: $(FIREBREAK) #        ten thousand of them; SEED=7: others
	@$(ORACLE) --count 10000
e2e: $(FIREBREAK) #                the real binary against real servers
	@FIREBREAK=$(FIREBREAK) $(PYTAP) -t 240 $(wildcard tests/e2e/*_test.py)
KILLS ?= 300
kill: $(FIREBREAK) $(B)/tests/store/sqlite_kill # kill -9: the store 300 times, the whole program and tasks in flight a third of that; SEED=
	@FIREBREAK=$(FIREBREAK) FIREBREAK_KILLS=$$(($(KILLS) / 3)) FIREBREAK_TASK_KILLS=$$(($(KILLS) / 3)) $(TAP) -t 1800 \
	    "$(B)/tests/store/sqlite_kill $(KILLS) $(SEED)" "python3 tests/e2e/kill_test.py" "python3 tests/e2e/task_kill_test.py"
kill-long: #          the same, 2,000 times
	@$(MAKE) KILLS=2000 kill
static-test: static $(B)/tools/oldkernel # ELF, empty chroot, old kernel, reproducible
	@$(PYTAP) -t 400 $(wildcard tests/static/*_test.py)
oldkernel: $(B)/tools/oldkernel $(TESTS) # unit tests where newer system calls are refused
	@$(TAP) --wrap $< $(TESTS)
SECONDS ?= 60
sim: $(SIM) #                SEED=7 W=counter: plays one world; else COUNT=5000 seeds, FROM=1, for SECONDS
	@$(B)/sim/$(W)/world $(or $(SEED),--search $(or $(COUNT),5000) --from $(or $(FROM),1) --seconds $(SECONDS))
sim-fresh: sim-fresh-store sim-first-schedule sim-fresh-heal # 120 s of seeds that nobody saw; beside it the fleet's first 230
sim-fresh-%: $(SIM)
	@$(B)/sim/$*/world --search 1000000 --from fresh --seconds 120
sim-first-%: $(SIM)
	@$(B)/sim/$*/world --search 230 --from 1 --seconds 300
sim-long: $(SIM) #           W=counter: a search over a million seeds; FROM=1 is the first
	@$(B)/sim/$(W)/world --search 1000000 --from $(or $(FROM),1)
cluster: $(B)/tests/store/etcd_cluster #            three members of a real etcd under 15 faults; N=, SEED=
	@$(TAP) -t 1800 "$< $(or $(N),15) $(SEED)"
cluster-long: #       the same under 200 faults
	@$(MAKE) N=200 cluster
tidy: #               layers, sizes, banned functions, include cycles
	@tools/tidy
headers: $(HEADERS) #            each header compiles alone
format: #             clang-format over src, sim, tests, fuzz and bench
	clang-format -i $(wildcard $(foreach d,src sim tests fuzz bench,$(d)/*.[ch] $(d)/*/*.[ch]) tools/*.c)
worst: #              longest functions, widest fan-in
	@tools/tidy --worst
compdb: #             compile_commands.json, for editors
	@$(MAKE) -Bnk COMMIT=$(COMMIT) $(OBJ) $(B)/src/app/main.c.o $(TESTS) | tools/compdb > compile_commands.json
fuzz-replay: $(FUZZERS:%=$(B)/fuzz/%_fuzz) #        every fuzzer on its corpus, without a fuzzer
	@tools/tap -j 2 --strip $(B)/ $(foreach f,$(FUZZERS),"$(B)/fuzz/$(f)_fuzz fuzz/corpus/$(f)")
fuzz: #               T=json: one fuzzer, else all; SECONDS=60 each
	@$(MAKE) F=fuzz CC=clang-14 $(patsubst %,$(O)/fuzz/fuzz/%_fuzz,$(or $(T),$(FUZZERS)))
	@tools/fuzz -s $(SECONDS) --bin $(O)/fuzz/fuzz $(or $(T),$(FUZZERS))
ARM := CC=aarch64-linux-gnu-gcc O=$(O)/aarch64 FOLDERS='base rt' LIBS=-lpthread FIREBREAK=
aarch64: #            base and rt by the cross gcc, their tests under qemu
	@$(MAKE) $(ARM) TAP='tools/tap -j 2 -t 240 --strip $(O)/aarch64/dev/tests/ --wrap "tools/qemu"' unit
mutants: $(TESTS) $(SIM) $(B)/tests/store/sqlite_kill #            every planted bug is caught by what tests/mutants.txt names
	@tools/mutants --bin $(B)
mutants-long: $(TESTS) $(SIM) $(B)/tests/store/sqlite_kill #       the same, and every seed is searched for anew
	@tools/mutants --bin $(B) --long
soak-long: #           an hour at 5,000 probes a second; not in CI
	@$(MAKE) F=release all $(O)/release/bench/probe_targets
	@tools/soak --bin $(O)/release $(if $(filter command,$(origin SECONDS)),--seconds $(SECONDS))
torture: #            each system call of the command fails in turn; T=http: one scenario
	@$(MAKE) F=asan all
	@tools/torture --bin $(O)/asan $(T)
census: $(TESTS) #             stack high-water of every spawn site
	@FIREBREAK_CENSUS=1 tools/census $(TESTS)
help: #               this list
	@sed -n 's/^\([a-z][a-z0-9 -]*\):.* #  *\(.*\)/  make \1: \2/p' Makefile
# `make bench B=probe`: B names a bench here, where it comes from the command line.
BENCH := $(if $(filter command,$(origin B)),$(B))
bench: #              ours and the peers, in turns
	tools/bench $(BENCH)
bench-compare: #      this tree and BASE=rev, in turns
	tools/bench --base $(BASE) $(BENCH)
clean: #              removes $(O)
	rm -rf $(O)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
