from lab_utils.lessons.n03_wire import parts, signs


def runs(stream: bytes) -> list[tuple[str, bytes]]:
    """The parts of `stream`, neighbours of one kind joined."""
    found: list[tuple[str, bytes]] = []
    for at, kind in enumerate(parts(stream)):
        byte = stream[at : at + 1]
        if found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + byte)
        else:
            found.append((kind, byte))
    return found


def test_the_parts_of_an_event() -> None:
    assert runs(b"data: hi\n\n") == [
        ("name", b"data: "), ("payload", b"hi"), ("blank", b"\n\n")
    ]


def test_a_line_without_a_field_is_ignored() -> None:
    assert runs(b"data: a\nred\n: hi\nid: 1\n\n") == [
        ("name", b"data: "), ("payload", b"a"), ("line", b"\n"),
        ("ignored", b"red"), ("line", b"\n"), ("ignored", b": hi"), ("line", b"\n"),
        ("name", b"id: "), ("payload", b"1"), ("blank", b"\n\n"),
    ]


def test_every_line_end_of_the_standard_and_none_at_all() -> None:
    assert runs(b"data\r\n\r\nid:1\rdata:") == [
        ("name", b"data"), ("line", b"\r"), ("blank", b"\n\r\n"), ("name", b"id:"),
        ("payload", b"1"), ("line", b"\r"), ("name", b"data:"),
    ]


def test_the_signs_have_their_number_of_bytes() -> None:
    stream = "aé\n\r\n\r😀".encode() + b"\xff"
    assert signs(stream) == [
        ("a", 1), ("é", 2), ("↵", 1), ("↵", 2), ("←", 1), ("😀", 4), ("�", 1)
    ]
    assert sum(size for _, size in signs(stream)) == len(stream)
