"""System calls, and those of them that a student's code is refused: the kernel runs a short program before each (man 2 seccomp).

An exercise is graded in a process that holds the library's functions for all others of its file. Were it able to leave them
anywhere, in shared memory, in a key, in the attributes of a folder, the next exercise would find its solution there. What
is refused leaves such traces or tells them, takes memory that no limit counts, or reaches another process or a network.

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
    # where in the machine a file's pages lie
    **{"mbind": (237, 235)},
    # networks, namespaces, and large parts of the kernel
    **{"socket": (41, 198), "socketpair": (53, 199), "unshare": (272, 97), "setns": (308, 268)},
    **{"mount": (165, 40), "open_tree": (428, 428), "fsopen": (430, 430), "io_uring_setup": (425, 425)},
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "syslog": (103, 116)},
}
MISSING = {  # which of a file's pages are in memory, and where: to move them, and to be told; libraries do without
    **{"fadvise64": (221, 223), "readahead": (187, 213)},
    **{"mincore": (27, 232), "preadv2": (327, 286), "cachestat": (451, 451), "getrusage": (98, 165)},
    **{"io_setup": (206, 0), "io_submit": (209, 2), "get_mempolicy": (239, 236)},  # RWF_NOWAIT asks by these too
}
TERMINAL = (0x5401, 0x802C542A, 0x5413)  # TCGETS, TCGETS2, TIOCGWINSZ: is it one, and how wide
STREAM = (0x541B, 0x5421, 0x5450, 0x5451)  # FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: of an open file, not of what it opens
ASKED = {  # of these one argument decides: which, the values that alone are allowed, or are not, and the error otherwise
    "prlimit64": ((302, 261), 0, (0,), True, errno.EPERM),  # whose limits are set: 0 is the process that asks
    "prctl": ((157, 167), 0, (1,), False, errno.EPERM),  # PR_SET_PDEATHSIG: to end with the server is no choice
    "ioctl": ((16, 29), 1, TERMINAL + STREAM, True, errno.ENOTTY),  # others keep versions and flags of files
    "fcntl": ((72, 25), 1, (1036, 1038), False, errno.EINVAL),  # F_SET_RW_HINT, F_SET_FILE_RW_HINT
}

LOAD, EQUAL, GREATER, RETURN = 0x20, 0x15, 0x25, 0x06  # <linux/bpf_common.h>
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where they are in what the program is asked about; an argument has 8 bytes
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
    allowed = (RETURN, 0, 0, ALLOW)
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, ARCHITECTURES[machine]), _fails(errno.ENOSYS)]
    steps += [(LOAD, 0, 0, NUMBER), (GREATER, 0, 1, NEWEST), _fails(errno.ENOSYS)]
    for table, error in ((REFUSED, errno.EPERM), (MISSING, errno.ENOSYS)):
        for numbers in table.values():
            if (number := numbers[which]) is not None:
                steps += [(EQUAL, 0, 1, number), _fails(error)]
    for numbers, place, values, alone, error in ASKED.values():
        known, other = (allowed, _fails(error)) if alone else (_fails(error), allowed)
        steps += [(EQUAL, 0, 2 + 2 * len(values), numbers[which]), (LOAD, 0, 0, ARGUMENTS + 8 * place)]
        steps += [step for value in values for step in ((EQUAL, 0, 1, value), known)]
        steps += [other]
    steps += [allowed]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _fails(error: int) -> tuple[int, int, int, int]:
    """The step that ends with an error."""
    return RETURN, 0, 0, FAIL | error


def refuse() -> None:
    """From here on these calls fail, in this process and in what it starts. Raises OSError."""
    steps = ctypes.create_string_buffer(program(platform.machine()))
    told = struct.pack("@HP", (len(steps) - 1) // 8, ctypes.addressof(steps))
    if libc().prctl(ctypes.c_int(SET_SECCOMP), ctypes.c_ulong(FILTER), told, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "a filter of system calls was refused")
