"""System calls, and those of them that a student's code is refused: the kernel runs a short program before each (man 2 seccomp).

An exercise is graded in a process that holds the library's functions for all others of its file. Were it able to leave them
anywhere, in shared memory, in a key, in the attributes of a folder, the next exercise would find its solution there. What
is refused leaves such traces, takes memory that no limit counts, or reaches another process or a network.

This file is copied into the worker's world.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Any

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as <linux/audit.h> numbers them
NEWEST = 462  # what came later is as unknown as it is to an older kernel
REFUSED = {  # numbers on x86_64 and aarch64, where there is one: <asm/unistd_64.h> and <asm-generic/unistd.h>
    # memory that belongs to no process, or takes more than a limit says
    **{"shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180)},
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447), "fallocate": (285, 47)},
    # owners, rights, times and attributes of files, of which Landlock does not ask
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
    **{"chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54)},
    **{"utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88)},
    **{"setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7)},
    **{"removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16)},
    # other processes of the same user
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272)},
    **{"pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "process_madvise": (440, 440)},
    **{"setpriority": (141, 140), "ioprio_set": (251, 30), "migrate_pages": (256, 238), "move_pages": (279, 239)},
    **{"sched_setparam": (142, 118), "sched_setscheduler": (144, 119)},
    **{"sched_setaffinity": (203, 122), "sched_setattr": (314, 274)},
    # networks, namespaces, and large parts of the kernel
    **{"socket": (41, 198), "socketpair": (53, 199), "unshare": (272, 97), "setns": (308, 268)},
    **{"mount": (165, 40), "open_tree": (428, 428), "fsopen": (430, 430), "io_uring_setup": (425, 425)},
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)},
}
ASKED = {  # of these the first argument decides: what it may be, and what it may not
    "prlimit64": ((302, 261), 0, True),  # the process whose limits are set: 0 is the one that asks
    "prctl": ((157, 167), 1, False),  # PR_SET_PDEATHSIG: to end with the server is no choice of one's own
}

LOAD, EQUAL, GREATER, RETURN = 0x20, 0x15, 0x25, 0x06  # <linux/bpf_common.h>
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they are in what the program is asked about
ALLOW, FAIL = 0x7FFF0000, 0x00050000
SET_SECCOMP, FILTER = 22, 2


def libc() -> ctypes.CDLL:
    """The C library, which keeps errno."""
    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *args: Any) -> int:
    """A system call. Raises OSError."""
    result = int(libc().syscall(ctypes.c_long(number), *args))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {os.strerror(ctypes.get_errno())}")
    return result


def are_known() -> bool:
    """Whether the numbers of this machine's calls are."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES and sys.maxsize > 2**32


def program(machine: str) -> bytes:
    """What the kernel asks: steps of a code, where to go on if it is so and if not, and a number."""
    which = list(ARCHITECTURES).index(machine)
    unknown = (RETURN, 0, 0, FAIL | errno.ENOSYS)
    refused = (RETURN, 0, 0, FAIL | errno.EPERM)
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, ARCHITECTURES[machine]), unknown]
    steps += [(LOAD, 0, 0, NUMBER), (GREATER, 0, 1, NEWEST), unknown]
    for numbers in REFUSED.values():
        if (number := numbers[which]) is not None:
            steps += [(EQUAL, 0, 1, number), refused]
    allowed = (RETURN, 0, 0, ALLOW)
    for numbers, argument, needed in ASKED.values():
        outcomes = (allowed, refused) if needed else (refused, allowed)
        steps += [(EQUAL, 0, 4, numbers[which]), (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 0, 1, argument), *outcomes]
    steps += [allowed]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def refuse() -> None:
    """From here on these calls fail, in this process and in what it starts. Raises OSError."""
    steps = ctypes.create_string_buffer(program(platform.machine()))
    told = struct.pack("@HP", (len(steps) - 1) // 8, ctypes.addressof(steps))
    if libc().prctl(ctypes.c_int(SET_SECCOMP), ctypes.c_ulong(FILTER), told, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "a filter of system calls was refused")
