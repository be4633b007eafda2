# flightdeck: build, demo, check, bench, install. `make help` lists the targets.
#
# Nothing here may fail because a package is missing: `make deps` (which demo and check run by
# themselves) must be able to start on a machine that has only git and make.

PREFIX     ?= /usr/local
prefix      ?= $(PREFIX)
exec_prefix ?= $(prefix)
bindir     ?= $(exec_prefix)/bin
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
sysconfdir ?= /etc
unitdir    ?= $(prefix)/lib/systemd/system
DESTDIR    ?=

ifeq ($(origin CC),default)
CC := gcc
endif
SAN     ?=
V       ?=
BUILD   ?= build$(if $(SAN),-$(SAN))
VERSION := 0.1.0
ARGS    ?=

PKGS := ncursesw libpq odbc rdkafka yaml-0.1 jansson sqlite3 zlib
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lreadline -lpthread -lm

comma := ,
export TSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/tsan.supp
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
SAN_FLAGS := $(if $(filter address,$(SAN)),-fsanitize=address$(comma)undefined \
                 -fno-sanitize-recover=undefined -fno-omit-frame-pointer) \
             $(if $(filter thread,$(SAN)),-fsanitize=thread) \
             $(if $(filter fuzzer,$(SAN)),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined \
                 -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -DFLIGHTDECK_VERSION='"$(VERSION)"' $(CFLAGS) $(WARN) -I. \
              -I$(BUILD)/gen $(PKG_CFLAGS) $(SAN_FLAGS) -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(SAN_FLAGS)

LIB_SRC  := $(filter-out console/main.c,$(wildcard backend/*/*.c views/*.c views/*/*.c console/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/queries.o $(BUILD)/obj/gen/assets.o
LIB      := $(BUILD)/libflightdeck.a
BIN      := $(BUILD)/flightdeck
ASSETS   := $(shell find config -name '*.json' -o -path 'config/airline/*.yaml' 2>/dev/null | LC_ALL=C sort)
QUERIES  := $(shell find queries -name '*.sql' 2>/dev/null | LC_ALL=C sort)

# See the file: without it no program that uses Kafka runs under ThreadSanitizer.
SAN_OBJ      := $(if $(filter thread,$(SAN)),$(BUILD)/obj/tests/sanitize/c11_threads.o)
FIXTURE_OBJ  := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/fixture/*.c))
UNIT_TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ENGINE_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/engine/test_*.c))
BENCHES      := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))
FUZZERS      := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
FORMATTED    := $(wildcard backend/*/*.[ch] views/*.[ch] views/*/*.[ch] console/*.[ch] queries/*.h config/*.h \
                  tests/*/*.[ch])

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

.PHONY: all help tests demo check check-run check-unit check-engine bench bench-console \
        deps fuzz fuzz-run install uninstall clean docs format lint
.SECONDARY:

all: $(BIN)
	@: # without a recipe make says that nothing is to be done

help:
	@echo 'make                     build $(BIN)'
	@echo 'make demo [ARGS=..]      the whole platform on this machine (ARGS=--headless: no console)'
	@echo 'make check               everything that CI checks, at most 15 minutes'
	@echo 'make check SAN=address   unit and engine tests under ASan and UBSan (thread: TSan)'
	@echo 'make check-unit          unit tests only;  make check-engine: those with real servers'
	@echo 'make bench [ARGS=--json] figures, each beside its baseline'
	@echo 'make fuzz [SECONDS=20]   each fuzzer for so long'
	@echo 'make deps                install what is missing (apt)'
	@echo 'make install             DESTDIR and prefix are honoured'
	@echo 'make docs format lint    renew generated pages; lay out sources; checks without tests'
	@echo 'make clean'

# ---- build ----

$(BIN): $(BUILD)/obj/console/main.o $(SAN_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# queries/a/b.sql becomes query_text("a/b"), see queries/queries.h; queries/parts holds what several have
$(BUILD)/gen/queries.c: $(QUERIES) $(wildcard queries/parts/*.inc) tools/embed_queries.sh
	@mkdir -p $(@D)
	$(Q)sh tools/embed_queries.sh $(QUERIES) > $@.tmp && mv $@.tmp $@

# config/a.json becomes asset_text("config/a.json"), see config/assets.h
$(BUILD)/gen/assets.c: $(ASSETS) tools/embed_files.sh Makefile
	@mkdir -p $(@D)
	$(Q)sh tools/embed_files.sh $(ASSETS) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(FIXTURE_OBJ) $(SAN_OBJ) $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lvterm -lutil

tests: $(UNIT_TESTS) $(ENGINE_TESTS) $(BENCHES)
	@:

# ---- run ----

deps:
	@sh tools/deps.sh all

# A second make, because the first one was read before the packages were there.
demo:
	@sh tools/deps.sh run
	@$(MAKE) --no-print-directory all
	@$(BIN) demo $(ARGS)

bench:
	@sh tools/deps.sh all
	@$(MAKE) --no-print-directory all tests
	@$(BUILD)/tests/bench/bench_flightdeck $(ARGS); a=$$?; \
	    for b in schedule model marts console; do $(BUILD)/tests/bench/bench_$$b $(ARGS) || a=1; done; exit $$a

# The console alone, through a pseudo terminal.
bench-console:
	@sh tools/deps.sh all
	@$(MAKE) --no-print-directory all tests
	@$(BUILD)/tests/bench/bench_console $(ARGS)

# ---- check ----

check:
	@sh tools/deps.sh all
	@$(MAKE) --no-print-directory check-run

check-run:
	+@MAKE='$(MAKE)' BUILD='$(BUILD)' SAN='$(SAN)' bash tools/check.sh

check-unit: $(UNIT_TESTS)
	@SAN='$(SAN)' bash tests/run $(BUILD) $(UNIT_TESTS)

check-engine: $(ENGINE_TESTS) $(BIN)
	@SAN='$(SAN)' bash tests/run $(BUILD) $(ENGINE_TESTS)

lint:
	+@MAKE='$(MAKE)' BUILD='$(BUILD)' LINT_ONLY=1 bash tools/check.sh

SECONDS ?= 20
fuzz:
	@sh tools/deps.sh all
	@$(MAKE) --no-print-directory SAN=fuzzer BUILD=build-fuzzer CC=clang fuzz-run

fuzz-run: $(FUZZERS)
	@bash tools/fuzz.sh $(SECONDS) $(FUZZERS)

format:
	@clang-format -i $(FORMATTED)

# Pages that the program writes about itself; `make check` compares them.
docs: $(BIN)
	$(BIN) help --configuration > docs/configuration.md
	$(BIN) help --markdown > docs/commands.md
	$(BIN) help --man > docs/flightdeck.1
	sh tools/screens.sh > docs/screens.md

# ---- install ----

install: $(BIN)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(unitdir) \
	    $(DESTDIR)$(datadir)/bash-completion/completions $(DESTDIR)$(datadir)/zsh/site-functions \
	    $(DESTDIR)$(datadir)/flightdeck $(DESTDIR)$(sysconfdir)/flightdeck
	install -m 755 $(BIN) $(DESTDIR)$(bindir)/flightdeck
	$(BIN) help --man > $(DESTDIR)$(mandir)/man1/flightdeck.1
	$(BIN) help --bash > $(DESTDIR)$(datadir)/bash-completion/completions/flightdeck
	$(BIN) help --zsh > $(DESTDIR)$(datadir)/zsh/site-functions/_flightdeck
	sed -e 's|@bindir@|$(bindir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g' \
	    config/flightdeck.service > $(DESTDIR)$(unitdir)/flightdeck.service
	@test ! -d config/airline || cp -R config/airline $(DESTDIR)$(datadir)/flightdeck/
	install -m 644 config/flightdeck.yaml $(DESTDIR)$(datadir)/flightdeck/flightdeck.yaml
	@test -e $(DESTDIR)$(sysconfdir)/flightdeck/flightdeck.yaml || \
	    install -m 644 config/flightdeck.yaml $(DESTDIR)$(sysconfdir)/flightdeck/flightdeck.yaml

# The configuration stays.
uninstall:
	rm -f $(DESTDIR)$(bindir)/flightdeck $(DESTDIR)$(mandir)/man1/flightdeck.1 \
	    $(DESTDIR)$(unitdir)/flightdeck.service \
	    $(DESTDIR)$(datadir)/bash-completion/completions/flightdeck \
	    $(DESTDIR)$(datadir)/zsh/site-functions/_flightdeck
	rm -rf $(DESTDIR)$(datadir)/flightdeck

clean:
	rm -rf build build-address build-thread build-fuzzer build-clang

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
