import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.mesh.names import has_invisible, is_host_name, is_interface_name, is_ssh_target
from meshtui.mesh.problem import Problem, in_order, key_path, shown
from meshtui.mesh.target import Target, parse_target


@pytest.mark.parametrize("name", ["a", "server-a", "web.example.com", "DB_1", "1a", "x" * 63])
def test_host_names(name):
    assert is_host_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a-",
        ".a",
        "_a",
        "a b",
        "a/b",
        "..",
        "10",
        "10.0.0.1",
        "sеrver",
        "ü",
        "a\n",
        "x" * 64,
    ],
)
def test_what_is_no_host_name(name):
    assert not is_host_name(name)


@pytest.mark.parametrize("name", ["wg0", "mesh.prod", "a=b_c+d", "x" * 15])
def test_interface_names(name):
    assert is_interface_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-wg",
        ".",
        "..",
        ".wg",
        "all",
        "default",
        "interfaces",
        "wg 0",
        "wg/0",
        "wg0\n",
        "x" * 16,
        "wü",
    ],
)
def test_what_is_no_interface_name(name):
    assert not is_interface_name(name)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("alias", Target("alias")),
        ("root@203.0.113.1", Target("203.0.113.1", "root")),
        ("root@host:2222", Target("host", "root", 2222)),
        ("host:2222", Target("host", None, 2222)),
        ("2001:db8::1", Target("2001:db8::1")),
        ("u@[2001:db8::1]", Target("2001:db8::1", "u")),
        ("u@[2001:db8::1]:22", Target("2001:db8::1", "u", 22)),
        ("me@corp.example@bastion", Target("bastion", "me@corp.example")),
        ("DOM\\me@host", Target("host", "DOM\\me")),
    ],
)
def test_targets(text, target):
    assert is_ssh_target(text)
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-oProxyCommand=x",
        "u@-h",
        "-u@h",
        "u@",
        "@h",
        "a b",
        "a\nb",
        "a\x00",
        "a\u202eb",
        "$(x)",
        "a;b",
        "`x`",
        "a\\b",
        "ssh://h",
        "h:",
        "h:ssh",
        "h:0",
        "h:65536",
        "[::1",
        "[h]:22",
        "a:b:c",
        "x" * 256,
        "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
    ],
)
def test_what_is_no_target(text):
    with pytest.raises(ValueError, match=r"expected|not"):
        parse_target(text)


def test_which_targets_are_one_machine():
    machine = parse_target("root@Host").machine
    assert machine == parse_target("admin@host").machine == parse_target("host").machine
    assert machine != parse_target("host:2222").machine
    assert parse_target("me@a@bastion").machine != parse_target("me@b@bastion").machine


@given(st.text())
def test_what_is_shown_can_be_shown(text):
    for line in (shown(text), shown(text, ascii_only=True), key_path("hosts", text)):
        assert line.isprintable()
        assert len(line) < 62 * 10 + 8
    assert has_invisible(text) == (not text.isprintable())


def test_what_looks_like_a_key_is_never_shown():
    key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
    for text in (key, key[:-1], f"PrivateKey = {key}", f"{key}{key}"):
        assert "xTIB" not in shown(text)
        assert "xTIB" not in key_path("hosts", text + " ")
        assert "xTIB" not in key_path("hosts", text)


def test_a_path_is_written_as_toml_does():
    assert key_path("hosts", "server-a", "ssh") == "hosts.server-a.ssh"
    assert key_path("hosts", "a.b", "ssh") == 'hosts."a.b".ssh'
    assert key_path("hosts", 'a"\\\n') == r'hosts."a\"\\\n"'


def test_problems_stand_in_the_files_order():
    keys = ["hosts.b.ssh", 'hosts."a.b"', "mesh.name", "hosts.a.ssh", "hosts.b", "hosts"]
    problems = [Problem(key, "") for key in keys]
    assert [p.key for p in in_order(problems, ["b", "a.b", "a"])] == [
        "mesh.name",
        "hosts",
        "hosts.b.ssh",
        "hosts.b",
        'hosts."a.b"',
        "hosts.a.ssh",
    ]
