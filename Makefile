# SPDX-License-Identifier: GPL-2.0-only
# The entry points; `make help` lists them. The kernel's build system reads Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
BUILD := $(CURDIR)/build
PREFIX ?= /usr/local
UDEVDIR ?= /lib/udev/rules.d
# Commas and spaces are fine here: KERNELS="6.1 7.2".
KERNELS ?= 6.1 6.12 7.2
# Of make fuzz; without a SEED it takes one from the clock.
SECONDS ?= 600
SEED ?=

export PREFIX

.PHONY: all help module lib selftests kernels lint run check check-all bench fuzz install clean

all: module lib selftests	## The module, the library and the test programs

help:	## List these targets
	@echo "zx_hyp: Zircon's hypervisor API on Linux"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*\t## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo
	@echo "  KDIR=$(KDIR)"
	@echo "  PREFIX=$(PREFIX)  DESTDIR=$(DESTDIR)  INSTALL_MOD_PATH=$(INSTALL_MOD_PATH)"

module:	## The module zx_hyp.ko, against the headers in KDIR
	@test -e "$(KDIR)/Makefile" || { \
	  echo "make: no kernel headers in $(KDIR);" \
	       "install them (apt-get install linux-headers-$$(uname -r)) or name others in KDIR" >&2; \
	  exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

lib:	## libzx and its examples, into build/lib
	$(MAKE) -C lib

selftests: lib	## The test programs, into build/selftests
	$(MAKE) -C selftests

kernels:	## The module against 6.1, 6.12 and 7.2, warnings as errors
	@scripts/deps machine kernels
	@scripts/kernels build $(KERNELS)

lint:	## checkpatch, sparse, clang-format, shellcheck and the house rules
	@scripts/deps build machine lint
	@scripts/lint

run:	## Boot Debian under zxvm in a test machine, to a shell (ARGS=--host: on this one)
	@scripts/run $(ARGS)

check:	## All tests on one machine (ARGS="NAME...": only those; SCALE=PERCENT)
	@scripts/deps build machine
	@$(MAKE) --no-print-directory -s lib selftests
	@scripts/check $(ARGS)

check-all:	## All tests on all machines, stress tests in full, with a table (SCALE=PERCENT)
	@scripts/deps build machine vmx kernels debug
	@$(MAKE) --no-print-directory -s lib selftests
	@scripts/check --all $(ARGS)

bench:	## Counted instructions beside bare KVM (KERNELS="6.1 7.2"; ARGS="--cpu vmx --strict --all")
	@scripts/deps build machine kernels $(if $(findstring vmx,$(ARGS)),vmx)
	@$(MAKE) --no-print-directory -s lib selftests
	@scripts/bench $(ARGS) $(KERNELS)

fuzz:	## Sequences of requests on the debug kernel, 10 minutes (SECONDS=N SEED=N)
	@case "$(SECONDS)$(SEED)" in *[!0-9]*) \
	  echo "make: SECONDS and SEED take numbers" >&2; exit 2;; esac
	@scripts/deps build machine debug
	@$(MAKE) --no-print-directory -s lib selftests
	@scripts/vm run --kernel debug --smp 2 --timeout $$(($(SECONDS) + 300)) -- \
		build/selftests/fuzz $(SECONDS) $(SEED)

install: module lib	## Module, headers, library, pkg-config file and udev rule
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_PATH="$(or $(INSTALL_MOD_PATH),$(DESTDIR))" \
		CONFIG_MODULE_SIG_ALL= \
		modules_install
	$(MAKE) -C lib install
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/include/linux" uapi/linux/zx_hyp.h uapi/linux/zx_hyp_object.h
	install -D -m 644 scripts/60-zx_hyp.rules "$(DESTDIR)$(UDEVDIR)/60-zx_hyp.rules"

clean:	## Everything that was built, but not the cache of kernels
	rm -rf "$(BUILD)"
	find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.o.d' -o -name modules.order \
		-o -name Module.symvers -o -name .tmp_versions \) -exec rm -rf {} +
