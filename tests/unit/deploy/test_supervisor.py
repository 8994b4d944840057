"""The configuration written for supervisord, read back with supervisord's own rules of the format."""

from __future__ import annotations

import configparser
import shlex

from deploy.local import supervisor
from deploy.local.layout import Layout


def read(layout: Layout) -> configparser.RawConfigParser:
    config = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    config.read_string(supervisor.render(layout))
    return config


def test_servers_are_numbered_and_listen_beside_each_other(layout: Layout) -> None:
    section = read(layout)["program:server"]
    assert section["numprocs"] == "3"
    assert section["process_name"] == "server-%(process_num)d"
    assert section["directory"] == str(layout.state)
    assert shlex.split(section["command"])[-2:] == ["--listen", "unix:run/server-%(process_num)d.sock"]


def test_gateway_stops_first_and_database_last(layout: Layout) -> None:
    config = read(layout)
    priorities = [int(config[f"program:{name}"]["priority"]) for name in ("postgres", "server", "gateway")]
    assert priorities == sorted(priorities)


def test_everything_restarts_and_nothing_starts_by_itself(layout: Layout) -> None:
    config = read(layout)
    for program in supervisor.programs(layout):
        section = config[f"program:{program.name}"]
        assert (section["autorestart"], section["autostart"]) == ("true", "false")
        assert section["stdout_logfile_maxbytes"]


def test_database_keeps_its_promises_and_is_reached_by_socket_only(layout: Layout) -> None:
    words = shlex.split(read(layout)["program:postgres"]["command"])
    assert {"--fsync=on", "--synchronous_commit=on", "--listen_addresses="} <= set(words)
    assert words[words.index("-D") + 1] == str(layout.postgres_data)


def test_external_database_is_not_started(environ: dict[str, str]) -> None:
    layout = Layout.from_environment(environ | {"DATABASE_URL": "postgresql://db.example/x"})
    assert not read(layout).has_section("program:postgres")
    assert "db.example" not in supervisor.render(layout)


def test_a_path_with_spaces_stays_one_word(environ: dict[str, str]) -> None:
    environ["ALLOWABLE_STATE_DIR"] += " of two words"
    layout = Layout.from_environment(environ)
    assert str(layout.postgres_data) in shlex.split(read(layout)["program:postgres"]["command"])


def test_without_supervisord_there_are_no_processes(layout: Layout) -> None:
    boss = supervisor.Supervisor(layout)
    assert not boss.reachable()
    assert boss.processes() == []
