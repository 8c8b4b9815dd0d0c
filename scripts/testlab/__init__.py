# SPDX-License-Identifier: MIT
"""The test machines: kernels in a cache, an initramfs, QEMU, and the verdict."""
