# flightdeck: build, demo, check, bench, install. `make help` lists the targets.

PREFIX  ?= /usr/local
CC      ?= gcc
SAN     ?=
BUILD   ?= build$(if $(SAN),-$(SAN))
VERSION := 0.1.0

PKGS := ncursesw libpq odbc rdkafka yaml-0.1 jansson sqlite3
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lreadline -lpthread -lm

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
comma := ,
SAN_FLAGS := $(if $(filter address,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer) \
             $(if $(filter thread,$(SAN)),-fsanitize=thread)
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -DFLIGHTDECK_VERSION='"$(VERSION)"' $(CFLAGS) $(WARN) -I. -I$(BUILD)/gen \
              $(PKG_CFLAGS) $(SAN_FLAGS) -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(SAN_FLAGS)

LIB_SRC  := $(filter-out console/main.c,$(wildcard backend/*/*.c views/*.c views/*/*.c console/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/queries.o
LIB      := $(BUILD)/libflightdeck.a
BIN      := $(BUILD)/flightdeck
QUERIES  := $(shell find queries -name '*.sql' 2>/dev/null | LC_ALL=C sort)

FIXTURE_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/fixture/*.c))
UNIT_TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ENGINE_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/engine/test_*.c))

.PHONY: all clean check-unit help
.SECONDARY:
all: $(BIN)

$(BIN): $(BUILD)/obj/console/main.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The table of commands lists those whose file is there.
$(BUILD)/obj/console/command_table.o: $(wildcard console/cmd_*.c)

# queries/a/b.sql becomes query_text("a/b"), see queries/queries.h
$(BUILD)/gen/queries.c: $(QUERIES) tools/embed_queries.sh
	@mkdir -p $(@D)
	sh tools/embed_queries.sh $(QUERIES) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/gen/queries.o: $(BUILD)/gen/queries.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(FIXTURE_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lvterm -lutil

check-unit: $(UNIT_TESTS)
	@set -e; for t in $(UNIT_TESTS); do $$t; done

clean:
	rm -rf build build-address build-thread

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
