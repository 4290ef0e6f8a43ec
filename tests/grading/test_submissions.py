"""What is handed in: whatever lies there, the files of the course are read, and nothing else happens."""

import errno
import io
import os
import stat
import zipfile

import pytest

from tinytorch.grading import submissions
from tinytorch.grading.submissions import LARGEST_INDEX, file_name, read, read_all

WANTED = ["ops", "layers"]


def only(folder):
    (submission,) = read_all(folder, WANTED)
    return submission


def packed(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def put(folder, name, data=b"x = 1\n"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_and_a_zip_of_it_come_to_the_same(tmp_path):
    put(tmp_path, "ann/ops.py", b"one")
    packed(tmp_path / "bob.ZIP", {"deep/er/ops.py": "one"})
    ann, bob = read_all(tmp_path, WANTED)
    assert (ann.student, bob.student) == ("ann", "bob")
    assert ann.files == bob.files == {"ops": b"one"} and not ann.remarks and not bob.remarks


def test_what_is_nearest_to_the_top_is_taken_and_the_library_itself_is_not(tmp_path):
    put(tmp_path, "ann/mine/ops.py", b"mine")
    put(tmp_path, "ann/mine/backups/ops.py", b"old")
    put(tmp_path, "ann/tinytorch/ops.py", b"not mine")
    assert only(tmp_path).files == {"ops": b"mine"}


def test_two_files_of_one_name_are_told_and_neither_is_taken(tmp_path):
    put(tmp_path, "ann/a/ops.py")
    put(tmp_path, "ann/b/ops.py")
    assert only(tmp_path).files == {} and only(tmp_path).remarks == ("ops.py is there 2 times: 'a/ops.py', 'b/ops.py'",)


def test_whatever_else_is_there_is_not_looked_at(tmp_path):
    for name in ("numpy.py", "conftest.py", "pytest.ini", ".git/ops.py", "__MACOSX/ops.py", ".hidden/layers.py"):
        put(tmp_path / "ann", name)
    ann = only(tmp_path)
    said = "Nothing to grade was handed in: no file is named ops.py"
    assert ann.files == {} and ann.refused == "" and ann.remarks == (f"{said} or layers.py",)
    assert read("ann", [tmp_path / "ann"], ["ops"]).remarks == (said,)


def test_two_submissions_of_a_student_are_both_named(tmp_path):
    put(tmp_path, "ann/ops.py")
    packed(tmp_path / "ann.zip", {"ops.py": ""})
    assert only(tmp_path).refused == "there are 2 submissions, 'ann' and 'ann.zip': remove all but one"


def test_students_whose_names_are_long_when_written_out_are_told_apart_by_the_last_letter(tmp_path):
    for last in "ab":
        put(tmp_path, f"{chr(1) * 200}{last}/ops.py")
    assert [found.student[-1] for found in read_all(tmp_path, WANTED)] == ["a", "b"]


@pytest.mark.skipif(os.name != "posix", reason="links are those of POSIX")
def test_links_are_not_followed(tmp_path):
    secret = put(tmp_path.parent, f"{tmp_path.name}-secret", b"secret")
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "ops.py").symlink_to(secret)
    (tmp_path / "bob").symlink_to(tmp_path / "ann")
    os.mkfifo(put(tmp_path, "cid/x").with_name("ops.py"))
    ann, bob, cid = read_all(tmp_path, WANTED)
    assert ann.files == {} and ann.remarks == ("'ops.py' is a link",)
    assert bob.refused == "'bob' is a link"
    assert cid.files == {} and cid.remarks == ("'ops.py' is no ordinary file",)


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    link = zipfile.ZipInfo("ops.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed(tmp_path / "ann.zip", {link: "/etc/passwd"})
    assert only(tmp_path).files == {} and only(tmp_path).remarks == ("'ops.py' is a link",)


@pytest.mark.parametrize("name", ["../../ops.py", "/ops.py", "..\\ops.py", "C:\\ops.py", "a/../../ops.py"])
def test_a_name_that_leads_out_of_a_zip_is_told_and_written_nowhere(tmp_path, name):
    packed(tmp_path / "ann.zip", {name: "x"})
    ann = only(tmp_path)
    assert ann.files == {} and "leads out of the zip" in ann.remarks[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ann.zip"]


def test_a_bomb_is_not_unpacked(tmp_path):
    packed(tmp_path / "ann.zip", {"ops.py": bytes(300 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    ann = only(tmp_path)
    assert len(ann.files["ops"]) <= submissions.LARGEST + 1
    with pytest.raises(SyntaxError, match="larger than"):
        ann.source("ops")


def test_a_zip_of_very_many_files_is_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "LARGEST_INDEX", 5000)
    packed(tmp_path / "ann.zip", {f"{i}.txt": "" for i in range(200)})
    assert "more files than" in only(tmp_path).refused
    assert LARGEST_INDEX > 10**6


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nonsense", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_a_zip_that_is_none_is_told(tmp_path, data):
    put(tmp_path, "ann.zip", data)
    ann = only(tmp_path)
    assert ann.refused.startswith("'ann.zip' cannot be read: ") or ann.files == {}


def test_a_damaged_file_in_a_zip_is_told(tmp_path):
    text = b"x = 1\n" * 1000
    path = packed(tmp_path / "ann.zip", {"ops.py": text}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    data[40:60] = bytes(20)
    path.write_bytes(data)
    assert "cannot be read" in only(tmp_path).remarks[0]


def test_a_file_without_a_name_in_a_zip_is_no_fault(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"x")
        archive.writestr("ops.py", b"x = 1")
    assert submissions.read("ada", [tmp_path / "ada.zip"], ["ops"]).files == {"ops": b"x = 1"}


def test_an_encrypted_zip_is_told(tmp_path):
    path = packed(tmp_path / "ann.zip", {"ops.py": "x"})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + offset] |= 1
    path.write_bytes(data)
    assert only(tmp_path).remarks == ("'ops.py' is encrypted",)


def test_a_file_of_a_hundred_megabytes_is_not_read_whole(tmp_path):
    path = put(tmp_path, "ann/ops.py")
    with path.open("r+b") as stream:
        stream.truncate(100 * 2**20)
    assert len(only(tmp_path).files["ops"]) == submissions.LARGEST + 1


def test_wrong_encodings_are_told_with_the_line(tmp_path):
    put(tmp_path, "ann/ops.py", "x = 1\n# é\n".encode("latin-1"))
    put(tmp_path, "ann/layers.py", "x = 1\n".encode("utf-16"))
    for name in WANTED:
        with pytest.raises(SyntaxError, match="not saved as UTF-8"):
            only(tmp_path).source(name)
    put(tmp_path, "ann/ops.py", b"\xef\xbb\xbfx = 1\r\n")
    assert only(tmp_path).source("ops").lines == ("x = 1", "")


def test_of_a_name_without_end_only_the_beginning_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr(f"../{'a' * 60_000}/ops.py", "x = 1")
    assert len(only(tmp_path).remarks[0]) < 1000


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names are text")
def test_names_that_are_no_text_are_spelled_out(tmp_path):
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"a\xff\x1b"))
    assert only(tmp_path).student == r"a\udcff\x1b"


@pytest.mark.parametrize("student", ['O\'Brien, "Al"', "=HYPERLINK(1)", "<script>", "a/b", "..", "Ann", "ann.", "ä"])
def test_names_of_files_are_plain_and_nobody_elses(student):
    name = file_name(student)
    assert name != file_name(student + " ") and name.isascii() and not set(name) & set("/\\<>:\"|?*'= ")
    assert name[0].isalnum() and "~" in name
    assert file_name("ann-1.b") == "ann-1.b"


@pytest.mark.parametrize("closed", ["ann", "ann/late"])
def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch, closed):
    """Root reads every folder, so the system refuses here by hand."""
    put(tmp_path, "ann/late/ops.py")
    scan = os.scandir

    def refusing(place):
        if os.fspath(place) == str(tmp_path / closed):
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", refusing)
    assert only(tmp_path).refused == f"{closed!r} cannot be read: Permission denied"


def test_a_loose_file_is_told(tmp_path):
    put(tmp_path, "notes.txt")
    assert (
        only(tmp_path).refused
        == "'notes.txt' is neither a folder nor a zip: put files into a folder named after the student"
    )


def test_whatever_a_zip_holds_it_is_read_or_told(tmp_path):
    """Every byte of a zip may be another one."""
    buffer = io.BytesIO()
    packed(buffer, {"ops.py": "x = 1\n"}, compression=zipfile.ZIP_DEFLATED)
    whole = buffer.getvalue()
    for i in range(0, len(whole), 2):
        put(tmp_path, "ann.zip", whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :])
        assert isinstance(only(tmp_path).refused, str)
