"""The command line `madoguchi`. Reads arguments and settings, and turns every foreseen failure into one sentence."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from orchestrator.commands import demo, node, office
from orchestrator.errors import MadoguchiError, Misconfigured
from orchestrator.log import configure
from orchestrator.policy.model import Medium, Role
from orchestrator.ports import Language
from orchestrator.programmes import load_all
from orchestrator.settings import Settings, from_env, process_environment


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="madoguchi",
        description="Hosts live video consultations and keeps their terms by itself.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the server")
    _add_server_options(serve)

    trial = commands.add_parser("demo", help="run the server with a session that begins soon")
    _add_server_options(trial)
    trial.add_argument(
        "--starts-in", default="30s", metavar="SPAN", help="when the session begins (30s)"
    )
    trial.add_argument("--slot", metavar="SPAN", help="how long it is (3m)")
    trial.add_argument("--cutoff", metavar="SPAN", help="when a no-show is judged (60s)")
    trial.add_argument(
        "--grace", metavar="SPAN", help="how long a lost seat may take to come back (20s)"
    )
    trial.add_argument("--lan", action="store_true", help="HTTPS on the local network, for a phone")
    trial.add_argument("--json", action="store_true", help="print one JSON object instead of words")

    session = commands.add_parser("session", help="sessions").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    create = session.add_parser("create", help="book a session and print its links")
    create.add_argument("--programme", required=True)
    create.add_argument("--starts", required=True, metavar="2026-12-01T10:00+09:00")
    create.add_argument(
        "--seeker-name", required=True, help="the display name that the office chose"
    )
    create.add_argument("--supporter", required=True, help="as given to `madoguchi staff add`")
    create.add_argument("--minutes", type=int, help="length; default: the programme's")
    create.add_argument("--medium", choices=[medium.value for medium in Medium], default="video")
    create.add_argument(
        "--seeker-real-name", help="checked against the display name, kept erasable"
    )
    create.add_argument("--seeker-mail", metavar="ADDRESS", help="where messages go, kept erasable")
    create.add_argument(
        "--seeker-language", choices=[each.value for each in Language], help="of them (ja)"
    )
    create.add_argument("--seeker-telephone", metavar="NUMBER", help="kept erasable")
    create.add_argument(
        "--seeker-reference",
        metavar="TEXT",
        help="for the supporter, read on record, kept erasable",
    )
    create.add_argument("--seeker-note", metavar="TEXT", help="the same, in a few sentences")
    create.add_argument(
        "--exception", metavar="REASON", help="book against the day-before rule, and why"
    )
    create.add_argument("--public-url", metavar="URL", help="what the printed links begin with")
    _add_office_options(create)

    staff = commands.add_parser("staff", help="people of the office").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    add = staff.add_parser("add", help="add somebody, or give a new token")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=[Role.SUPPORTER.value, Role.SCHEDULER.value])
    add.add_argument("--display-name", help="what others see; default: the name")
    add.add_argument("--mail", metavar="ADDRESS", help="where messages go; default: as before")
    add.add_argument("--language", choices=[each.value for each in Language], help="of them (ja)")
    _add_office_options(add)
    return top


def _add_server_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="where pages and API listen")
    command.add_argument("--port", type=int, help="the same")
    command.add_argument("--data", metavar="DIR", help="folder of the embedded store")
    command.add_argument(
        "--accept-durability",
        metavar="WHAT",
        help="weaknesses of an external store that are accepted",
    )


def _add_office_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", metavar="DIR", help="folder of the embedded store")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of environment and command line together.

    Raises:
        Misconfigured: with every mistake.
    """
    given = vars(arguments)
    overrides: dict[str, object] = {
        "data_dir": given.get("data"),
        "host": given.get("host"),
        "port": str(given["port"]) if given.get("port") is not None else None,
        "public_url": given.get("public_url"),
        "accept_durability": given.get("accept_durability"),
    }
    environ = dict(process_environment())
    if arguments.command == "demo":
        environ = {
            "MADOGUCHI_MEDIA_PORT": "0",
            "MADOGUCHI_LOG": "text",
            "MADOGUCHI_LOG_LEVEL": "warning",
        } | environ
    try:
        return from_env(environ, **overrides)
    except (OSError, RuntimeError) as wrong:  # a name too long for a folder, a home of nobody
        raise Misconfigured([f"the data folder cannot be used: {wrong}"]) from None


def _check_text(arguments: argparse.Namespace) -> None:
    """Refuse bytes that are no text: they could not be stored, nor shown to anybody.

    Raises:
        Misconfigured: naming each argument.
    """
    mistakes = []
    for name, given in vars(arguments).items():
        try:
            str(given).encode()
        except UnicodeEncodeError:
            label = "name" if name == "name" else f"--{name.replace('_', '-')}"
            mistakes.append(f"{label}: the text is not UTF-8")
    if mistakes:
        raise Misconfigured(mistakes)


async def run(arguments: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    _check_text(arguments)
    settings = settings_of(arguments)
    configure(settings.log_format, settings.log_level, settings.log_private)
    programmes = load_all(settings.programmes_dir, settings.telephone)
    match arguments.command:
        case "serve":
            await node.serve(settings, programmes)
        case "demo":
            if arguments.lan:
                settings = demo.on_the_network(settings, settings.data_dir, node.machine_time())
            await demo.demo(arguments, settings, programmes)
        case "session":
            await office.create_session(arguments, settings, programmes)
        case "staff":
            await office.add_staff(arguments, settings, programmes)
        case _:
            raise AssertionError("argparse knows no other command")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; the exit status is 0, 1 for a refusal, 2 for a mistake in how it was called or set up."""
    arguments = parser().parse_args(argv)
    try:
        asyncio.run(run(arguments))
    except KeyboardInterrupt:
        return 0
    except (MadoguchiError, ExceptionGroup) as error:
        errors = _leaves(error)
        if not all(isinstance(leaf, MadoguchiError) for leaf in errors):
            raise
        for leaf in errors:
            for sentence in getattr(leaf, "mistakes", (str(leaf),)):
                print(f"madoguchi: {sentence}", file=sys.stderr)
        return 2 if any(isinstance(leaf, Misconfigured) for leaf in errors) else 1
    return 0


def _leaves(error: Exception) -> list[Exception]:
    """The errors inside a group, in order; the error itself when it is none."""
    if not isinstance(error, ExceptionGroup):
        return [error]
    return [leaf for one in error.exceptions for leaf in _leaves(one)]


if __name__ == "__main__":
    sys.exit(main())
