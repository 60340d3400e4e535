"""`operator`: who may use the desk."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import CommandGroup, json_option
from aggregator.cli.tables import count_noun, show_rows
from aggregator.errors import CommandError
from aggregator.model import AuditEntry, Operator, Role
from aggregator.store.base import Store
from aggregator.web.desk.access import new_link
from aggregator.web.desk.login_views import name_problem
from aggregator.web.desk.passwords import hash_password, password_problem

__all__ = ["operator"]


@click.group(cls=CommandGroup)
def operator() -> None:
    """Decide who may use the desk.

    The desk is at /desk/ on the site. While there is no operator, it answers on this machine only,
    to the one-time link that `aggregator run` prints.
    """


@operator.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["owner", "editor"]),
    help="Default: owner for the first operator, editor for others.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def add(path: Path, name: str, role: Role | None, password_stdin: bool) -> None:
    """Add an operator, or give an existing one a new password or role.

    The password is asked for on a terminal. An owner also decides who may use the desk.
    """
    if problem := name_problem(name):
        raise click.UsageError(problem)
    password = _password(is_from_stdin=password_stdin)
    if problem := password_problem(password, name):
        raise click.UsageError(problem)
    now = datetime.now(UTC)
    with open_config(path) as (_, store):
        operators = store.operators.all()
        known = store.operators.by_name(name)
        role = role or (known.role if known else "editor" if operators else "owner")
        owners = {each.name for each in operators if each.role == "owner"}
        if role != "owner" and not owners - {name}:
            raise CommandError("There must be an owner; give --role owner.")
        created_at = known.created_at if known else now
        store.operators.save(
            Operator(
                name=name, role=role, created_at=created_at, password_hash=hash_password(password)
            )
        )
        if known:
            store.operators.end_sessions(name)
        _record(store, "changed the operator" if known else "added the operator", name, now)
    click.echo(f"{name} is {'an owner' if role == 'owner' else 'an editor'} of the desk.")


def _password(*, is_from_stdin: bool) -> str:
    if is_from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("run this on a terminal, or give --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@operator.command(name="list")
@json_option
@click.pass_obj
def list_(path: Path, as_json: bool) -> None:
    """List the operators, and how many sessions each has."""
    with open_config(path) as (_, store):
        rows = [
            {
                "name": each.name,
                "role": each.role,
                "since": each.created_at,
                "sessions": len(store.operators.sessions(each.name)),
            }
            for each in store.operators.all()
        ]
    empty = "There is no operator; `aggregator operator add NAME` adds one."
    show_rows(rows, as_json=as_json, empty=empty)


@operator.command()
@click.argument("name")
@click.pass_obj
def remove(path: Path, name: str) -> None:
    """Remove an operator and end their sessions."""
    with open_config(path) as (_, store):
        operators = store.operators.all()
        if name not in [each.name for each in operators]:
            raise CommandError(f"There is no operator {name!r}.")
        left = [each for each in operators if each.name != name]
        if left and not any(each.role == "owner" for each in left):
            raise CommandError(f"{name} is the only owner; make someone else an owner first.")
        store.operators.remove(name)
        _record(store, "removed the operator", name, datetime.now(UTC))
    click.echo(f"{name} was removed.")


@operator.command()
@click.argument("name")
@click.pass_obj
def logout(path: Path, name: str) -> None:
    """End all sessions of an operator."""
    with open_config(path) as (_, store):
        count = store.operators.end_sessions(name)
    click.echo(f"{count_noun(count, 'session', 'sessions')} of {name} ended.")


@operator.command()
@click.pass_obj
def link(path: Path) -> None:
    """Print a new one-time link to the desk, while there is no operator."""
    with open_config(path) as (config, store):
        if store.operators.all():
            raise CommandError("There are operators; log in at /desk/.")
        key = new_link(store, datetime.now(UTC))
    host, port = config.publish.host, config.publish.port
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host  # noqa: S104 - compared
    click.echo(f"http://{shown}:{port}/desk/enter?key={key}")
    click.echo("If the program runs with --port, use that port in the link.", err=True)


def _record(store: Store, action: str, subject: str, now: datetime) -> None:
    entry = AuditEntry(done_at=now, operator="the command line", action=action, subject=subject)
    store.operators.record(entry)
