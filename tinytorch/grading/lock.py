"""What the worker does to itself before a student's code runs: another user, no network, no files but its own, hard limits.

This file is copied into the worker's world. Linux is asked by its system calls, since Python has no names for them; what
a kernel does not offer was found out before (grader.probed), so everything that fails here is an error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from tinytorch.course import worker
from tinytorch.course.worker import Guard, limit
from tinytorch.grading import calls
from tinytorch.grading.calls import call, libc

MEMORY = 384 * 2**20  # bytes of data; NumPy's BLAS wants about 96 MB
WRITTEN = 16 * 2**20  # bytes that may lie in the scratch folder
DEEPEST = 8  # folders in one another there
LIMITS = {
    "RLIMIT_NOFILE": 64,
    "RLIMIT_MEMLOCK": 0,
    "RLIMIT_MSGQUEUE": 0,
    "RLIMIT_NPROC": 0,
    "RLIMIT_DATA": MEMORY,
    "RLIMIT_AS": 2 * MEMORY,  # memory that is shared, or grows like a stack, is no data
}

MOUNT_SETATTR, CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 442, 444, 445, 446  # the same on every architecture
SET_PDEATHSIG, SET_DUMPABLE, SET_NO_NEW_PRIVS = 1, 4, 38
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000  # of mounts
WHEREVER, ALL_BELOW, READ_ONLY = -100, 0x8000, 1  # of mount_setattr

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << i for i in range(6))
MAKE_DIR, MAKE_REG, REFER, TRUNCATE, IOCTL_DEV = (1 << i for i in (7, 8, 13, 14, 15))
READ = EXECUTE | READ_FILE | READ_DIR
OWN = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


# Landlock: the kernel refuses a process all files but those under the paths of a ruleset


def landlock_version() -> int:
    """Which Landlock the kernel has, 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        return call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def handled(version: int) -> bytes:
    """What a ruleset refuses unless a rule allows it: files, TCP from version 4 on, signals out of it from 6 on."""
    rights = 13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16
    fields = [(1 << rights) - 1]
    if version >= 4:
        fields.append(0b11)  # bind and connect
    if version >= 6:
        fields.append(0b11)  # abstract sockets and signals
    return struct.pack(f"={len(fields)}Q", *fields)


def ruleset(version: int, readable: Sequence[str], own: str) -> int:
    """A file descriptor of a ruleset: what is readable, and a folder that may be written to."""
    attributes = handled(version)
    (rights,) = struct.unpack_from("=Q", attributes)
    rules = call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    devices = [(name, READ_FILE | WRITE_FILE) for name in ("/dev/null", "/dev/urandom", "/dev/random")]
    for path, allowed in [*((path, READ) for path in readable), *devices, (own, OWN)]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # what is not there, or not for this user
            continue
        allowed &= rights if os.path.isdir(path) else rights & OF_FILES
        rule = struct.pack("=Qi", allowed, place)
        call(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint(0))
        os.close(place)
    return rules


# Limits, rights and namespaces


def _drop_capabilities() -> None:
    """Give up every capability of root, also those that a new user namespace brings."""
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    if libc().capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def become(user: int) -> None:
    """Go on as another user, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def unshare(scratch: str, still: bool) -> None:
    """No network, process numbers of its own and, if still, nothing that changes but a folder: goes on in a child of which
    this process waits for the end.
    """
    flags = NEW_NET | NEW_PID | NEW_IPC | (NEW_MOUNTS if still else 0) | (0 if os.geteuid() == 0 else NEW_USER)
    if libc().unshare(ctypes.c_int(flags)) != 0:
        raise OSError(ctypes.get_errno(), "unshare failed")
    if still:
        _mount(None, "/", RECURSIVE | PRIVATE)
        _mount(scratch, scratch, BIND)
        _read_only("/", ALL_BELOW, READ_ONLY, 0)  # so that not even the time is kept at which a file was last read
        _read_only(scratch, 0, 0, READ_ONLY)
    child = os.fork()
    if child:
        for fd in (0, 1):
            os.close(fd)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)


def _mount(what: str | None, where: str, flags: int) -> None:
    if libc().mount(what and os.fsencode(what), os.fsencode(where), None, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"{where} cannot be mounted")


def _read_only(path: str, flags: int, more: int, less: int) -> None:
    attributes = struct.pack("=4Q", more, less, 0, 0)
    place = ctypes.c_int(WHEREVER), os.fsencode(path)
    call(MOUNT_SETATTR, *place, ctypes.c_uint(flags), attributes, ctypes.c_size_t(len(attributes)))


def end_with_parent() -> None:
    """Live no longer than the process that started this one."""
    libc().prctl(ctypes.c_int(SET_PDEATHSIG), ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)


def unreadable_to_others() -> None:
    """No other process of the user may look into this one's memory."""
    if sys.platform == "linux":
        libc().prctl(ctypes.c_int(SET_DUMPABLE), 0, 0, 0, 0)


# The server


class Lock(Guard):
    """Shuts a child in, and watches the one folder that it may write to: each job has its own, as new as the first."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.scratch = plan["scratch"]
        self.own = os.path.join(self.scratch, "job")
        self.refuses = plan["calls"]
        self.landlock = plan["landlock"]
        self.rules = ruleset(self.landlock, plan["readable"], self.scratch) if self.landlock else None
        self.server = os.getpid()
        self.clean()

    def enter(self) -> None:
        """From here on there is no way back."""
        os.chdir(self.own)
        os.environ["TMPDIR"] = os.environ["HOME"] = tempfile.tempdir = self.own
        for name, amount in LIMITS.items():
            limit(name, amount)
        if sys.platform == "linux":
            end_with_parent()
            if os.getppid() != self.server:  # which had ended by then
                os._exit(1)
            unreadable_to_others()
            if libc().prctl(ctypes.c_int(SET_NO_NEW_PRIVS), 1, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "no_new_privs failed")
            if self.rules is not None:
                for rules in (self.rules, ruleset(self.landlock, ["/"], self.own)):  # what both allow
                    call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0))
            if self.refuses:
                calls.refuse()

    def overstepped(self) -> bool:
        """Whether more lies in the folder than may, each entry counting for at least a page, or more than can be seen."""
        total, folders = 0, [(self.scratch, -1)]
        while folders:
            folder, depth = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        with suppress(FileNotFoundError):  # gone meanwhile
                            total += max(4096, entry.stat(follow_symlinks=False).st_size)
                        if total > WRITTEN:
                            return True
                        if entry.is_dir(follow_symlinks=False):
                            if depth == DEEPEST:
                                return True
                            folders.append((entry.path, depth + 1))
            except FileNotFoundError:
                pass
            except OSError:  # it was shut
                return True
        return False

    def clean(self) -> None:
        """Leave nothing for the next job: neither a file nor how large a folder was, nor when it was last looked into.

        In memory, files are numbered one after the other: by how many the last job made, and by a few that nobody foresees.
        """
        empty(self.scratch)
        for _ in range(os.urandom(1)[0] // 4):
            os.symlink(".", self.own)
            os.unlink(self.own)
        os.mkdir(self.own, 0o700)
        os.utime(self.scratch)


def empty(folder: str) -> None:
    """Remove all that lies in a folder, however deep and however shut: whatever has entries is first moved to the top.

    No link is followed, also where somebody puts one in the place of a folder meanwhile.
    """
    kind = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        top = os.open(folder, kind)
    except PermissionError:  # it is shut itself
        os.chmod(folder, 0o700)
        top = os.open(folder, kind)
    found = ["."]
    while found:
        name = found.pop()
        here = os.open(name, kind, dir_fd=top)
        for entry in list(os.scandir(here)):
            if entry.is_dir(follow_symlinks=False):
                found.append(os.urandom(16).hex())
                if os.geteuid() != 0:  # who is root needs no rights, and would give them to what a link leads to
                    os.chmod(entry.name, 0o700, dir_fd=here)
                os.rename(entry.name, found[-1], src_dir_fd=here, dst_dir_fd=top)
            else:
                os.unlink(entry.name, dir_fd=here)
        os.close(here)
        if name != ".":
            os.rmdir(name, dir_fd=top)
    os.close(top)


def main() -> None:
    """The server of a world, which is told its plan as JSON by its last argument."""
    plan = json.loads(sys.argv[-1])
    if plan["unshare"]:
        unshare(plan["scratch"], plan["still"])
    if plan["user"] is not None:
        become(plan["user"])
    os.environ["TMPDIR"] = plan["scratch"]
    lock = Lock(plan)
    for name in plan["preload"]:  # so that each child need not; what would import the hidden file is not to be had
        with suppress(ImportError):
            import_module(f"tinytorch.{name}")
    if sys.platform == "linux":
        _drop_capabilities()
        end_with_parent()
        unreadable_to_others()
    worker.main(lock)
