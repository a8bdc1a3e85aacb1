import tomllib
from ipaddress import ip_interface
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.addresses import allocate
from meshtui.store import spans
from meshtui.store.errors import FileError
from meshtui.store.meshfile import load, parse
from meshtui.store.render import render
from meshtui.store.write import Found, create, updated, write_back
from tests.store.example import EXAMPLE, key, meshes
from tests.store.layouts import Written, files

PATH = Path("mesh.toml")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mesh.toml"
    path.write_text(EXAMPLE)
    return path


def test_only_the_new_lines_are_new(file):
    mesh = allocate(load(file))
    assert write_back(
        file,
        {
            name: Found(addresses=host.addresses, public_key=key(place))
            for place, (name, host) in enumerate(mesh.hosts.items())
        },
    )
    assert file.read_text() == EXAMPLE.replace(
        'addresses = ["10.0.0.1", "fd10:6d65:7368::1"]\n',
        f'addresses = ["10.0.0.1", "fd10:6d65:7368::1"]\npublic_key = "{key(0)}"\n',
    ) + (f'addresses = ["10.0.0.2", "fd10:6d65:7368::2"]\npublic_key = "{key(1)}"\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # The comment above the next table stays with the next table.
        (
            "[hosts.a]\nssh = 'h'\n\n# b:\n[hosts.b]\n",
            "[hosts.a]\nssh = 'h'\nK\n\n# b:\n[hosts.b]\n",
        ),
        ("[hosts.a] # c\n[hosts.b]", "[hosts.a] # c\nK\n[hosts.b]"),
        ("[hosts.b]\n[hosts.a]", "[hosts.b]\n[hosts.a]\nK"),
        ("[hosts.b]\n\t[hosts.a]\n", "[hosts.b]\n\t[hosts.a]\n\tK\n"),
        ("[hosts]\n a.mtu=1400 #c", "[hosts]\n a.mtu=1400 #c\n a.K"),
        ("[hosts]\na = {}", "[hosts]\na = { K }"),
        ("[hosts]\na = {mtu=1400} #c", "[hosts]\na = {mtu=1400, K} #c"),
        ("[hosts.a]\r\nmtu=1400\r\n", "[hosts.a]\r\nmtu=1400\r\nK\r\n"),
        ("[hosts.a]\npublic_key='X' #c\n", "[hosts.a]\npublic_key='Y' #c\n"),
    ],
)
def test_a_key_goes_where_a_person_would_put_it(before, after):
    head = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
    if "\r\n" in before:
        head = head.replace("\n", "\r\n")
    new, old = key(1), key(2)
    before = (head + before).replace("X", old)
    mesh = parse(before, PATH)
    after = (head + after).replace("K", f'public_key = "{new}"').replace("Y", new)
    assert updated(before, mesh, {"a": Found(public_key=new)}) == after


def test_who_is_behind_nat_is_written_unless_the_file_has_an_endpoint(tmp_path):
    path, hidden = tmp_path / "mesh.toml", {"a": Found(behind_nat=True)}
    before = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n[hosts.a] # home\nmtu = 1400\n'
    path.write_text(before)
    assert write_back(path, hidden)
    assert path.read_text() == before + 'endpoint = "none"\n'
    assert load(path).hosts["a"].behind_nat
    assert not write_back(path, hidden)
    # Said meanwhile, by a person.
    path.write_text(before + 'endpoint = "192.0.2.1"\n')
    assert not write_back(path, hidden)


def test_what_others_count_on_is_not_written_to_be_behind_nat(tmp_path):
    path = tmp_path / "mesh.toml"
    before = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\nrelay = "a"\n[hosts.a]\n[hosts.b]\n'
    path.write_text(before)
    with pytest.raises(FileError, match=r"a is behind NAT itself(.|\n)*nothing was written"):
        write_back(path, {"a": Found(behind_nat=True)})
    assert path.read_text() == before


@pytest.mark.parametrize("first", ["[hosts.a]\n", "hosts.a.mtu = 1400\n"])
def test_a_byte_order_mark_is_not_indentation(first):
    before = "\ufeff" + first + '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
    after = updated(before, parse(before, PATH), {"a": Found(public_key=key(1))})
    line = f'public_key = "{key(1)}"\n'
    dotted = "" if first.startswith("[") else "hosts.a."
    assert after == before.replace(first, first + dotted + line)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["10.0.0.1"]', '["10.0.0.1", "10.0.0.9"]'),
        ("[ '10.0.0.1/24', ]", "[ '10.0.0.1/24', '10.0.0.9/24', ]"),
        ("[]", '["10.0.0.9"]'),
        ("[\n  '10.0.0.1', # one\n  # end\n]", "[\n  '10.0.0.1', # one\n  '10.0.0.9',\n  # end\n]"),
        ("[\n\t'10.0.0.1' # one\n]", "[\n\t'10.0.0.1', # one\n\t'10.0.0.9'\n]"),
        ("['10.0.0.1', # one\n]", "['10.0.0.1', '10.0.0.9', # one\n]"),
    ],
)
def test_an_address_is_added_as_the_others_are_written(before, after):
    head = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n[hosts.a]\naddresses = '
    mesh = parse(head + before, PATH)
    addresses = (*mesh.hosts["a"].addresses, ip_interface("10.0.0.9/24"))
    assert updated(head + before, mesh, {"a": Found(addresses=addresses)}) == head + after


@given(files(), st.data())
def test_every_layout_takes_what_was_found(tmp_path_factory, written: Written, data):
    path = tmp_path_factory.mktemp("layout") / "mesh.toml"
    path.write_bytes(written.text.encode())
    before = load(path)
    whole = allocate(before)
    found = {
        name: Found(
            addresses=data.draw(st.sampled_from([None, whole.hosts[name].addresses])),
            public_key=data.draw(st.sampled_from([None, key(place)])),
        )
        for place, name in enumerate(written.names)
    }
    changed = write_back(path, found)
    text = path.read_bytes().decode()
    assert changed == (text != written.text)
    after = load(path)
    for name, host in before.hosts.items():
        new = found[name]
        assert after.hosts[name].addresses == (new.addresses or host.addresses)
        assert after.hosts[name].public_key == (new.public_key or host.public_key)
    # All that was there is there, in order; tomlkit says what the comments are.
    rest = iter(text)
    old = written.text
    for host in before.hosts.values():
        if found[host.name].public_key and host.public_key:
            old = old.replace(host.public_key, "")
    assert all(character in rest for character in old)
    assert comments(text) == comments(written.text)
    assert ("\r\n" in text) == ("\r\n" in written.text)
    assert "\r\n" not in text or "\n" not in text.replace("\r\n", "")
    assert not write_back(path, found)


def comments(text):
    """By tomlkit, so that our own lexer is not its own judge. It drops no comment in a list."""
    document = tomlkit.parse(text.removeprefix("\ufeff"))
    assert spans.comments(text) == spans.comments(tomlkit.dumps(document))
    return sorted(line.strip() for line in spans.comments(text))


@given(meshes())
def test_load_reads_what_render_writes(mesh):
    assert parse(render(mesh), PATH) == mesh


@given(files())
def test_spans_find_what_tomllib_reads(written: Written):
    text = written.text
    found = [e for e in spans.entries(text) if isinstance(e, spans.Entry)]
    for entry in found:
        value = tomllib.loads(text.removeprefix("\ufeff"))
        for part in entry.path:
            value = value[part]
        assert tomllib.loads(f"v = {text[entry.value : entry.end]}")["v"] == value


def test_nothing_new_is_nothing_written(file, monkeypatch):
    monkeypatch.setattr("os.replace", None)
    addresses = load(file).hosts["server-a"].addresses
    assert not write_back(file, {"server-a": Found(addresses=addresses), "server-b": Found()})


def test_an_edit_made_meanwhile_stays(file):
    load(file)
    file.write_text(EXAMPLE + "mtu = 1400 # new\n")
    write_back(file, {"server-b": Found(public_key=key(1))})
    assert file.read_text() == EXAMPLE + f'mtu = 1400 # new\npublic_key = "{key(1)}"\n'


def test_a_host_taken_out_meanwhile_is_named(file):
    before = file.read_bytes()
    with pytest.raises(FileError, match=r"hosts.server-z: not in the file any more"):
        write_back(
            file, {"server-a": Found(public_key=key(1)), "server-z": Found(public_key=key(2))}
        )
    assert file.read_bytes() == before


def test_an_address_given_meanwhile_is_not_overruled(file):
    file.write_text(EXAMPLE + 'addresses = ["10.0.0.77"]\n')
    before = file.read_bytes()
    with pytest.raises(FileError, match=r"server-b.addresses: 10.0.0.77 was not there"):
        write_back(file, {"server-b": Found(addresses=(ip_interface("10.0.0.2/24"),))})
    assert file.read_bytes() == before


def test_an_address_taken_by_another_meanwhile_is_refused(file):
    file.write_text(EXAMPLE + '[hosts.server-c]\naddresses = ["10.0.0.2"]\n')
    before = file.read_bytes()
    with pytest.raises(FileError, match=r"10.0.0.2 is also server-b's") as caught:
        write_back(file, {"server-b": Found(addresses=(ip_interface("10.0.0.2/24"),))})
    assert "nothing was written" in str(caught.value.hint)
    assert file.read_bytes() == before


def test_a_file_broken_meanwhile_is_left_alone(file):
    file.write_text(EXAMPLE + "oops\n")
    with pytest.raises(FileError, match="line 19, column 5"):
        write_back(file, {"server-b": Found(public_key=key(1))})
    assert file.read_text() == EXAMPLE + "oops\n"


def test_what_cannot_be_added_to_is_refused_with_the_reason(file, monkeypatch):
    def clumsy(*args):
        return updated(*args).replace("# our", "# ")

    monkeypatch.setattr("meshtui.store.write.updated", clumsy)
    with pytest.raises(MeshError, match="cannot add to") as caught:
        write_back(file, {"server-b": Found(public_key=key(1))})
    assert "server-b" in (caught.value.hint or "")
    assert file.read_text() == EXAMPLE


def test_create_writes_once(tmp_path):
    path = tmp_path / "mesh.toml"
    mesh = parse(EXAMPLE, path)
    create(path, mesh)
    assert load(path) == mesh
    with pytest.raises(UsageError, match="there already"):
        create(path, mesh)
    create(path, mesh, force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["mesh.toml"]


def test_create_follows_no_dangling_link(tmp_path):
    path = tmp_path / "mesh.toml"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="there already"):
        create(path, parse(EXAMPLE, path))
    assert not (tmp_path / "elsewhere").exists()


def test_create_refuses_what_load_would(tmp_path):
    mesh = parse(EXAMPLE.replace("prod", "x"), PATH)
    with pytest.raises(FileError, match="there is none"):
        create(tmp_path / "mesh.toml", type(mesh)(name="m", networks=mesh.networks))
    assert list(tmp_path.iterdir()) == []


def test_a_device_gets_what_was_found_out_as_well(tmp_path):
    file = tmp_path / "mesh.toml"
    file.write_text(EXAMPLE + "\n[peers.phone]  # in my pocket\n")
    addresses = (ip_interface("10.0.0.9/24"),)
    assert write_back(file, {"phone": Found(addresses=addresses, public_key=key(9))})
    assert load(file).peers["phone"].addresses == addresses
    assert file.read_text() == (
        EXAMPLE
        + "\n[peers.phone]  # in my pocket\n"
        + f'addresses = ["10.0.0.9"]\npublic_key = "{key(9)}"\n'
    )
    assert not write_back(file, {"phone": Found(addresses=addresses, public_key=key(9))})
