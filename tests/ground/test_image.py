"""The image, the compose file and .env.example agree with the program: no engine runs here that would tell."""

import re
import subprocess
from urllib.parse import urlsplit

import pytest
import yaml

from seller_center.celery import PERIODIC
from tests.ground.processes import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = (ROOT / ".env.example").read_text().splitlines()
NAMES = [line.split("=", 1)[0] for line in EXAMPLE if re.match(r"[A-Z_]+=", line)]
OF_COMPOSE = {"POSTGRES_PASSWORD", "APP_PASSWORD", "OWNER_PASSWORD", "SITE_ADDRESS"}


def read_by_the_program() -> set[str]:
    settings = (ROOT / "seller_center/settings.py").read_text()
    web = (ROOT / "seller_center/web.py").read_text()
    running = (ROOT / "seller_center/running.py").read_text()
    of_pytest = {"PYTEST_XDIST_WORKER"}
    return {
        *re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings),
        *re.findall(r'environ\.get\(["\']([A-Z_]+)["\']', web + running),
    } - of_pytest


def test_the_example_names_every_variable_once():
    assert len(NAMES) == len(set(NAMES))
    assert set(NAMES) - OF_COMPOSE == read_by_the_program()


def test_every_variable_is_explained():
    before = ""
    for line in EXAMPLE:
        if re.match(r"[A-Z_]+=", line):
            assert before.startswith("# ") or re.match(r"[A-Z_]+=", before), f"{line} has no sentence above it"
        before = line


def test_the_compose_file_takes_its_own_variables_from_the_example():
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert used == OF_COMPOSE


def test_it_has_every_process():
    assert set(SERVICES) >= {"postgres", "valkey", "web", "worker", "jobs", "beat", "mailcatcher", "migrate", "proxy"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_says_whether_it_is_well(name):
    probe = SERVICES[name].get("healthcheck")
    assert probe, f"{name} has no health check"
    assert probe.get("disable") is (True if name == "migrate" else None)


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_one_image_without_rights(name):
    service = OURS[name]
    assert service["image"] == "seller-center"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["env_file"] == ".env"


@pytest.mark.parametrize("name", ["web", "worker", "jobs", "beat"])
def test_our_services_wait_for_the_migration(name):
    assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_there_is_one_beat_and_a_worker_for_every_queue():
    commands = [service.get("command", []) for service in OURS.values()]
    assert sum("beat" in command for command in commands) == 1
    served = {command[command.index("-Q") + 1] for command in commands if "-Q" in command}
    assert served == {"celery"} | {line.queue for line in PERIODIC}


def test_it_starts_the_neighbours_that_the_example_calls_and_no_other():
    # In production the program calls public https addresses only (kernel/http), so a sandbox inside could not be reached.
    given = dict(line.split("=", 1) for line in EXAMPLE if re.match(r"[A-Z_]+=", line))
    if given["SANDBOX_URL"]:
        assert urlsplit(given["SANDBOX_URL"]).hostname in SERVICES
    else:
        assert not [name for name, service in SERVICES.items() if "sandbox" in service.get("command", [])]


def test_the_server_versions_are_those_of_the_design():
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["valkey"]["image"].startswith("valkey/valkey:9")


def test_mounted_files_exist():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (ROOT / source).is_file(), source


def test_the_image_runs_as_nobody_and_from_pinned_packages():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)\w+$", text, re.M)
    assert text.rindex("USER ") > text.rindex("RUN "), "nothing is installed after the rights are given up"
    assert "--require-hashes -r /base.txt" in text
    assert re.search(r"^FROM python:3\.13-slim$", text, re.M)
    assert "HEALTHCHECK" in text
    assert "seller_center.web" in text


def test_nothing_private_gets_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".local", ".venv"} <= set(ignored)


def test_requirements_are_pinned_and_hashed_and_hold_no_address():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path
        assert "--index" not in text, path
        packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert packages
        assert all("==" in line for line in packages), path
        assert text.count("--hash=sha256:") >= len(packages), path


def test_bare_make_lists_every_command():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("run", "demo", "test", "test-fast", "check", "fix", "bench", "deep"):
        assert re.search(rf"^  make {name}\b", shown, re.M), name
