"""How many instructions this process has run: what a noisy machine cannot change.

Linux counts them where the processor and ``perf_event_paranoid`` allow it (2 or less);
elsewhere there is nothing to read, and the benchmarks leave the column out.
"""

import ctypes
import os
import platform
import struct
import sys

# asm/unistd.h: the number of perf_event_open.
_SYSCALL = {"x86_64": 298, "aarch64": 241}
# struct perf_event_attr of linux/perf_event.h: type, size, config; the flags at byte 40.
_SIZE = 128
_FLAGS_AT = 40
_HARDWARE, _INSTRUCTIONS = 0, 1
_EXCLUDE_KERNEL_AND_HYPERVISOR = 1 << 5 | 1 << 6


class InstructionCounter:
    """Counts the instructions that this thread runs outside the kernel."""

    def __init__(self) -> None:
        self._descriptor = _open()

    def read(self) -> int:
        """Return the count so far; 0 always where nothing counts."""
        if self._descriptor < 0:
            return 0
        (count,) = struct.unpack("Q", os.read(self._descriptor, 8))
        return int(count)


def _open() -> int:
    number = _SYSCALL.get(platform.machine())
    if not sys.platform.startswith("linux") or number is None:
        return -1
    wanted = ctypes.create_string_buffer(_SIZE)
    struct.pack_into("IIQ", wanted, 0, _HARDWARE, _SIZE, _INSTRUCTIONS)
    struct.pack_into("Q", wanted, _FLAGS_AT, _EXCLUDE_KERNEL_AND_HYPERVISOR)
    this_thread, any_cpu, no_group, no_flags = 0, -1, -1, 0
    library = ctypes.CDLL(None)
    return int(library.syscall(number, wanted, this_thread, any_cpu, no_group, no_flags))
