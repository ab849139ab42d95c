"""`python -m sandbox`: put the three services together and answer until SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from sandbox import web
from sandbox.bank import Bank
from sandbox.callbacks import Outbox, Postman, signing_key
from sandbox.carrier import Carrier
from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.desk import Desk
from sandbox.journal import Journal, JournalUnusable
from sandbox.payment import Payments
from sandbox.world import World


def options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one and prints it")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the journal")
    parser.add_argument("--callback-base", default="", help="where /callbacks/<service>/ is answered; empty: nowhere")
    newest = os.environ.get("SANDBOX_SECRET", "").partition(",")[0]
    parser.add_argument("--secret", default=newest, help="signs the callbacks")
    parser.add_argument("--seed", default="1", help="decides numbers and journeys; kept with the journal")
    parser.add_argument("--mishaps", type=int, default=0, help="parcels in a hundred that are delayed, lost or damaged")
    parser.add_argument("--late", type=float, default=3.0, help="seconds that a late answer takes")
    parser.add_argument("--hang", type=float, default=60.0, help="seconds until an unanswered connection is closed")
    parser.add_argument("--control", action="store_true", help="open /control/, for tests")
    return parser.parse_args(words)


async def run(chosen: argparse.Namespace, journal: Journal, key: bytes) -> None:
    world = World(journal, seed=chosen.seed, real_time=time.time)
    outbox = Outbox(world)
    payments, carrier, bank = Payments(world), Carrier(world, mishaps=chosen.mishaps), Bank(world)
    world.replay()
    postman = Postman(outbox, key=key, base=chosen.callback_base)
    routes = [*payments.routes(), *carrier.routes(), *bank.routes(), *Clock(world, outbox).routes()]
    desk = Desk(world, routes, late=chosen.late, hang=chosen.hang, after=postman.look)
    if chosen.control:
        desk.routes += Control(world, desk, outbox, postman).routes()

    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    server = await web.start_server(desk.handle, chosen.host, chosen.port)
    print(f"The sandbox listens on http://{chosen.host}:{server.sockets[0].getsockname()[1]}", flush=True)
    work = asyncio.create_task(postman.work())
    work.add_done_callback(lambda task: ended.set())
    await ended.wait()
    server.close()
    if work.done():
        work.result()


def main() -> None:
    chosen = options(sys.argv[1:])
    if not chosen.secret:
        sys.exit("The sandbox needs a secret to sign its callbacks with: --secret or SANDBOX_SECRET.")
    try:
        asyncio.run(run(chosen, Journal(chosen.data), signing_key(chosen.secret)))
    except (JournalUnusable, ValueError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The sandbox cannot listen on {chosen.host}:{chosen.port}: {error.strerror or error}.")


if __name__ == "__main__":
    main()
