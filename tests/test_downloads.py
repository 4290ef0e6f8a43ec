"""Downloads survive servers that break off, stall, lie or are not there, and only what was published is kept.

The servers are in this process. TINYTORCH_DATA may name a folder with mnist/, the published files; without it the tests on
them are skipped.
"""

import gzip
import hashlib
import io
import os
import random
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tinytorch import downloads
from tinytorch.downloads import Meter, RemoteFile, check, fetch, find, folders, locate

CONTENT = bytes(range(256)) * 2000 + random.Random(0).randbytes(200_000)
PACKED = gzip.compress(CONTENT, 6, mtime=0)
AGAIN = gzip.compress(CONTENT, 1, mtime=5)  # the same content, as another mirror packed it
LIE = gzip.compress(CONTENT[::-1], 6, mtime=0)
CUT = len(PACKED) // 3 + 1


def sha256(content):
    return hashlib.sha256(content).hexdigest()


FILE = RemoteFile("things", "things.gz", len(PACKED), sha256(PACKED), len(CONTENT), sha256(CONTENT))
UNKNOWN = RemoteFile("things", "things.gz", len(PACKED), sha256(PACKED))


class Handler(BaseHTTPRequestHandler):
    """Serves PACKED under /honest/, and under other names in the ways that are told."""

    def do_GET(self):
        way = self.path.split("/")[1]
        self.server.asked.append((way, self.headers.get("Range")))
        self.server.agent = self.headers["User-Agent"]
        getattr(self, way)()

    def log_message(self, *_):
        pass

    def begin(self):
        ranged = self.headers.get("Range")
        return int(re.fullmatch(r"bytes=(\d+)-", ranged)[1]) if ranged else 0

    def reply(self, content, sent=None, *, begin=None, said=None, length=True):
        begin = self.begin() if begin is None else begin
        if begin >= len(content):
            return self.send_error(416)
        self.send_response(206 if begin or said else 200)
        if begin or said:
            self.send_header("Content-Range", said or f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if length:
            self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:][:sent])
        self.wfile.flush()

    def honest(self):
        self.reply(PACKED)

    def packed_anew(self):
        self.reply(AGAIN)

    def without_length(self):
        self.reply(PACKED, length=False)

    def without_ranges(self):
        self.reply(PACKED, begin=0)

    def cuts_off(self):
        self.reply(PACKED, CUT)

    def cuts_off_without_ranges(self):
        self.reply(PACKED, CUT, begin=0)

    def sends_nothing(self):
        self.reply(PACKED, 0)

    def drips(self):
        self.reply(PACKED, 1)

    def stalls(self):
        self.reply(PACKED, CUT, begin=0)
        self.server.over.wait(30)

    def stalls_once(self):
        self.reply(PACKED) if self.begin() else self.stalls()

    def is_silent(self):
        self.server.over.wait(30)

    def lies(self):
        self.reply(LIE)

    def lies_about_the_range(self):
        self.reply(PACKED, said="bytes 1-9/9" if self.begin() else None, begin=self.begin() and 1)

    def is_a_part_unasked(self):
        self.reply(PACKED, said="bytes 7-9/9", begin=7)

    def is_truncated(self):
        self.reply(PACKED[:CUT])

    def is_a_page(self):
        self.reply(b"<html>please log in</html>")

    def is_endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.over.is_set():
                self.wfile.write(b"\0" * 65536)
        except OSError:
            self.server.gave_up.set()

    def is_gone(self):
        self.send_error(404, "Not Found")

    def talks_nonsense(self):
        self.wfile.write(b"hello\r\n\r\n")


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.over, server.gave_up = threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder for data, and no other; quick to lose patience, and no way around through a proxy."""
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("TINYTORCH_OFFLINE", raising=False)
    monkeypatch.setattr(downloads, "PATIENCE", 0.3)
    return tmp_path / "data"


@pytest.fixture
def mirrors(server, home, monkeypatch):
    """Sets the ways of the mirrors, and gives what they were asked for: (way, Range)."""

    def set_to(*ways):
        server.asked = []
        base = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setitem(downloads.MIRRORS, "things", tuple(f"{base}/{way}/" for way in ways))
        return server.asked

    return set_to


def leftovers(home):
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def part(home, content):
    (home / "things").mkdir(parents=True)
    (home / "things" / "things.gz.part").write_bytes(content)


# Servers


@pytest.mark.parametrize(
    "ways",
    [
        ["honest"],
        ["without_length"],
        ["without_ranges"],
        ["cuts_off"],
        ["stalls_once"],
        ["packed_anew"],
        ["is_gone", "honest"],
        ["sends_nothing", "honest"],
        ["stalls", "honest"],
        ["is_silent", "honest"],
        ["cuts_off_without_ranges", "honest"],
        ["cuts_off_without_ranges", "without_ranges"],
        ["drips", "honest"],
        ["lies", "honest"],
        ["is_truncated", "honest"],
        ["is_a_page", "honest"],
        ["is_endless", "honest"],
        ["talks_nonsense", "honest"],
        ["is_a_part_unasked", "honest"],
        ["cuts_off_without_ranges", "lies_about_the_range"],
    ],
    ids="-then-".join,
)
def test_a_file_comes_whole_in_the_end_and_nothing_else_is_left(mirrors, home, ways):
    asked = mirrors(*ways)
    path = fetch(FILE)
    assert path == home / "things" / "things.gz" and leftovers(home) == ["things.gz"]
    assert gzip.decompress(path.read_bytes()) == CONTENT
    assert list(dict.fromkeys(way for way, _ in asked)) == ways


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("is_gone", "127.0.0.1 answered 404 Not Found"),
        ("lies", "127.0.0.1 sent something else"),
        ("is_truncated", "127.0.0.1 sent something else"),
        ("is_a_page", "127.0.0.1 sent something else"),
        ("is_endless", f"127.0.0.1 sent more than {len(CONTENT):,} bytes"),
        ("sends_nothing", f"127.0.0.1 broke off after 0 of {len(PACKED):,} bytes"),
        ("cuts_off_without_ranges", f"127.0.0.1 broke off after {CUT:,} of {len(PACKED):,} bytes"),
        ("stalls", "127.0.0.1 sent nothing for 0.3 seconds"),
        ("is_silent", "127.0.0.1 cannot be reached (timed out)"),
        ("talks_nonsense", "127.0.0.1 cannot be reached (hello"),
        ("is_a_part_unasked", "127.0.0.1 sent another part than was asked for"),
    ],
)
def test_where_no_mirror_has_it_one_sentence_says_why_and_what_to_do(mirrors, home, way, said):
    mirrors(way)
    with pytest.raises(FileNotFoundError) as caught:
        fetch(FILE)
    message = str(caught.value)
    assert f"things needs things.gz ({len(PACKED):,} bytes, SHA-256 {sha256(PACKED)})" in message
    assert f"({said}" in message and not re.search(r"[\r\n]", message)
    assert message.endswith(f": put it at {home / 'things' / 'things.gz'}")
    assert "things.gz" not in leftovers(home)


def test_every_mirror_is_named_with_its_own_reason(mirrors):
    mirrors("is_gone", "lies")
    with pytest.raises(FileNotFoundError, match=r"\(127.0.0.1 answered 404 Not Found; 127.0.0.1 sent something else\)"):
        fetch(FILE)


def test_what_came_before_a_break_is_not_sent_again(mirrors):
    asked = mirrors("cuts_off")
    fetch(FILE)
    assert [ranged for _, ranged in asked][:2] == [None, f"bytes={CUT}-"] and len(asked) == 3


def test_a_mirror_goes_on_where_another_broke_off(mirrors):
    asked = mirrors("cuts_off_without_ranges", "honest")
    fetch(FILE)
    assert asked[-1] == ("honest", f"bytes={CUT}-")


def test_a_download_goes_on_where_an_earlier_run_broke_off(mirrors, home):
    asked = mirrors("honest")
    part(home, PACKED[:1000])
    fetch(FILE)
    assert asked == [("honest", "bytes=1000-")] and leftovers(home) == ["things.gz"]


@pytest.mark.parametrize("rubbish", [LIE[:1000], PACKED, PACKED + b"more", b"\0" * 10 * len(CONTENT)])
def test_what_an_earlier_run_left_does_no_harm(mirrors, home, rubbish):
    mirrors("honest")
    part(home, rubbish)
    assert fetch(FILE).read_bytes() == PACKED and leftovers(home) == ["things.gz"]


def test_a_mirror_that_brings_next_to_nothing_is_left_at_last(mirrors):
    asked = mirrors("drips")
    with pytest.raises(FileNotFoundError, match=f"broke off after {downloads.ATTEMPTS} of"):
        fetch(FILE)
    assert len(asked) == downloads.ATTEMPTS


@pytest.mark.parametrize(("way", "times"), [("sends_nothing", 1), ("is_gone", 1), ("cuts_off_without_ranges", 2)])
def test_a_mirror_that_brings_nothing_new_is_left_at_once(mirrors, way, times):
    asked = mirrors(way)
    with pytest.raises(FileNotFoundError):
        fetch(FILE)
    assert len(asked) == times


def test_what_lies_is_not_kept(mirrors, home):
    mirrors("lies")
    with pytest.raises(FileNotFoundError):
        fetch(FILE)
    assert leftovers(home) == []


def test_an_endless_answer_is_not_read_to_its_end(mirrors, home, server):
    mirrors("is_endless")
    with pytest.raises(FileNotFoundError):
        fetch(FILE)
    assert server.gave_up.wait(10) and leftovers(home) == []


def test_a_port_where_nobody_listens_is_said_in_a_sentence(mirrors, monkeypatch):
    mirrors()
    monkeypatch.setitem(downloads.MIRRORS, "things", ("http://127.0.0.1:9/",))
    with pytest.raises(FileNotFoundError, match=r"127.0.0.1 cannot be reached \(.*refused.*\)"):
        fetch(FILE)


def test_an_interrupt_keeps_what_has_come(mirrors, home, monkeypatch):
    mirrors("honest")

    def interrupt(self, done):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Meter, "show", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch(FILE)
    kept = (home / "things" / "things.gz.part").read_bytes()
    assert kept and PACKED.startswith(kept)
    assert fetch(FILE).read_bytes() == PACKED


def test_a_server_is_told_who_asks(mirrors, server):
    mirrors("honest")
    fetch(FILE)
    assert server.agent == "tinytorch"


def test_a_full_or_forbidden_disk_is_no_fault_of_the_mirrors(mirrors, home):
    asked = mirrors("honest", "honest")
    home.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=re.escape(str(home))):
        fetch(FILE)
    assert asked == []


# Offline


@pytest.mark.parametrize("value", ["1", "yes"])
def test_offline_nobody_is_asked_and_one_sentence_says_what_to_do(mirrors, home, monkeypatch, value):
    asked = mirrors("honest")
    monkeypatch.setenv("TINYTORCH_OFFLINE", value)
    with pytest.raises(FileNotFoundError) as caught:
        fetch(FILE)
    assert str(caught.value) == (
        f"things needs things.gz ({len(PACKED):,} bytes, SHA-256 {sha256(PACKED)}), which is not here, and "
        f"TINYTORCH_OFFLINE forbids to download it: put it at {home / 'things' / 'things.gz'}"
    )
    assert asked == [] and not home.exists()


@pytest.mark.parametrize("value", ["", "0"])
def test_offline_may_be_switched_off(mirrors, monkeypatch, value):
    mirrors("honest")
    monkeypatch.setenv("TINYTORCH_OFFLINE", value)
    assert fetch(FILE).is_file()


# Where files lie


def put(folder, name, content=PACKED):
    (folder / "things").mkdir(parents=True, exist_ok=True)
    (folder / "things" / name).write_bytes(content)
    return folder / "things" / name


def test_files_are_found_in_the_named_folder_first_then_in_the_cache_packed_or_not(home):
    named, cache = folders()
    assert named == home and find(FILE) is None
    for folder, name in [(cache, "things"), (cache, "things.gz"), (named, "things"), (named, "things.gz")]:
        path = put(folder, name)
        assert find(FILE) == path


def test_without_a_named_folder_there_is_the_cache(home, monkeypatch, tmp_path):
    monkeypatch.delenv("TINYTORCH_DATA")
    (cache,) = folders()
    assert cache.name == "tinytorch" and tmp_path in cache.parents
    monkeypatch.setenv("TINYTORCH_DATA", "")
    assert folders() == [cache]


def test_each_system_has_its_cache(home, monkeypatch, tmp_path):
    monkeypatch.delenv("TINYTORCH_DATA")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if os.name != "nt":
        assert folders() == [tmp_path / "Library" / "Caches" / "tinytorch"]
        monkeypatch.setattr(sys, "platform", "linux")
        assert folders() == [tmp_path / "cache" / "tinytorch"]
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert folders() == [tmp_path / ".cache" / "tinytorch"]


def test_what_is_here_is_not_fetched_and_the_rest_is(mirrors, home, monkeypatch):
    other = RemoteFile("things", "others.gz", 3, sha256(b"abc"))
    monkeypatch.setitem(downloads.FILES, "things", (other, FILE))
    asked = mirrors("honest")
    here = put(home, "others", b"abc")
    assert locate("things") == [here, home / "things" / "things.gz"]
    assert len(asked) == 1
    assert locate("things")[1].read_bytes() == PACKED and len(asked) == 1


# Checks


@pytest.mark.parametrize("content", [PACKED, AGAIN, CONTENT], ids=["as published", "packed anew", "unpacked"])
def test_what_was_published_passes_in_any_packing(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert check(FILE, tmp_path / "file") is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LIE, f"expected {len(CONTENT):,} bytes with SHA-256 {sha256(CONTENT)}, got .* {sha256(CONTENT[::-1])}"),
        (CONTENT[::-1], f"{len(CONTENT):,} bytes with SHA-256 {sha256(CONTENT)}, got .* {sha256(CONTENT[::-1])}"),
        (CONTENT[:-1], f"got {len(CONTENT) - 1:,} with"),
        (b"", "got 0 with"),
        (PACKED[:-9], "is truncated or damaged"),
        (PACKED[:500] + b"\0\0\0\0" + PACKED[504:], "is truncated or damaged"),
        (PACKED[:3], "is truncated or damaged"),
        (gzip.compress(CONTENT + b"more"), "expected"),
    ],
)
def test_what_was_not_published_is_refused_in_one_sentence(tmp_path, content, said):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        check(FILE, tmp_path / "file")
    assert str(tmp_path / "file") in str(caught.value) and "\n" not in str(caught.value)


def test_content_without_a_published_checksum_is_not_said_to_be_checked(tmp_path):
    path = tmp_path / "file"
    sized = RemoteFile("things", "things.gz", len(PACKED), sha256(PACKED), len(CONTENT))
    for content, file, expected in [(PACKED, UNKNOWN, True), (CONTENT, UNKNOWN, False), (CONTENT, sized, False)]:
        path.write_bytes(content)
        assert check(file, path) is expected
    for content, file in [(AGAIN, UNKNOWN), (LIE, sized), (CONTENT[1:], sized)]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not the published things.gz"):
            check(file, path)


def test_a_small_file_that_unfolds_into_a_large_one_is_not_unfolded(tmp_path, monkeypatch):
    read = []
    measured = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, n: read.append(n) or measured(self, n))
    (tmp_path / "file").write_bytes(gzip.compress(bytes(50_000_000), 1))
    with pytest.raises(ValueError, match="is not the published"):
        check(FILE, tmp_path / "file")
    assert 0 < sum(read) < len(CONTENT) + 3 * downloads.CHUNK


def test_published_facts_are_whole_and_each_file_has_a_mirror():
    assert list(downloads.FILES) == list(downloads.MIRRORS) == ["mnist", "fashion_mnist", "cifar10"]
    checksums = []
    for dataset, files in downloads.FILES.items():
        assert all(mirror.startswith("http") and mirror.endswith("/") for mirror in downloads.MIRRORS[dataset])
        for file in files:
            assert file.dataset == dataset and file.name.endswith(".gz")
            checksums += filter(None, [file.sha256, file.content_sha256])
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in checksums)
    assert len(set(checksums)) == len(checksums) == 13
    for dataset in ("mnist", "fashion_mnist"):  # 16 bytes and 28 x 28 for each image, 8 and 1 for each label
        sizes = [file.content_size for file in downloads.FILES[dataset]]
        assert sizes == [16 + 784 * 60_000, 8 + 60_000, 16 + 784 * 10_000, 8 + 10_000]


def test_the_published_mnist_is_what_these_facts_say(tmp_path):
    if not all(map(find, downloads.FILES["mnist"])):
        pytest.skip("TINYTORCH_DATA names no folder with mnist/, and neither has the cache")
    for file in downloads.FILES["mnist"]:
        path = find(file)
        assert check(file, path) is True
        content = path.read_bytes()
        plain = gzip.decompress(content) if downloads.is_packed(path) else content
        packed = tmp_path / "packed"
        packed.write_bytes(gzip.compress(plain, 1))
        assert check(file, packed) is True
        (tmp_path / "plain").write_bytes(plain[:-1] + bytes([plain[-1] ^ 1]))
        with pytest.raises(ValueError, match=f"SHA-256 {file.content_sha256}"):
            check(file, tmp_path / "plain")


# The meter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_line_is_redrawn_and_ended(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    with Meter("things/things.gz", 2_000_000, stream) as meter:
        meter.show(500_000)
        for done in range(500_000, 1_500_000, 1000):
            meter.show(done)
        assert stream.getvalue().startswith("\rthings/things.gz  0.5 of 2.0 MB")
        meter.show(2_000_000)
    assert stream.getvalue().endswith("\rthings/things.gz  2.0 of 2.0 MB\n")
    assert stream.getvalue().count("\r") < 500 and stream.getvalue().count("\n") == 1


def test_a_narrow_terminal_is_not_overrun(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "12")
    stream = Terminal()
    with Meter("things/things.gz", 10, stream) as meter:
        meter.show(10)
    assert all(len(line) < 12 for line in re.split("[\r\n]", stream.getvalue()))


@pytest.mark.parametrize("stream, term", [(io.StringIO(), "xterm"), (Terminal(), "dumb")])
def test_elsewhere_one_line_says_what_comes(monkeypatch, stream, term):
    monkeypatch.setenv("TERM", term)
    with Meter("things/things.gz", 2_000_000, stream) as meter:
        meter.show(1)
        meter.show(2_000_000)
    assert stream.getvalue() == "fetching things/things.gz (2.0 MB)\n"


def test_a_download_shows_itself_on_standard_error(mirrors, capsys):
    mirrors("honest")
    fetch(FILE)
    out, err = capsys.readouterr()
    assert out == "" and err == f"fetching things/things.gz ({len(PACKED) / 1e6:.1f} MB)\n"


def test_a_download_of_which_nothing_comes_shows_nothing(mirrors, capsys):
    mirrors("is_gone")
    with pytest.raises(FileNotFoundError):
        fetch(FILE)
    assert capsys.readouterr() == ("", "")
