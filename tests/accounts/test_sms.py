"""Text messages go where SMS_URL says."""

import pytest

from seller_center.kernel import http
from shops import sms


def test_it_writes_a_file(settings, tmp_path):
    settings.TESTING, settings.SMS_URL, settings.DATA_DIR = False, "file:", tmp_path
    sms.send_sms("+12125550123", "123456 is your code")
    assert "123456" in next((tmp_path / "sms").iterdir()).read_text()


def test_it_posts_to_a_provider(settings, monkeypatch):
    settings.SMS_URL, settings.SMS_FROM = "https://token@sms.example/v1/messages", "SELLER"
    sent = []
    monkeypatch.setattr(http, "post_json", lambda url, body, headers: sent.append((url, body, headers)))
    sms.send_sms("+12125550123", "Hello")
    assert sent == [
        (
            "https://sms.example/v1/messages",
            {"to": "+12125550123", "text": "Hello", "from": "SELLER"},
            {"Authorization": "Bearer token"},
        )
    ]


@pytest.mark.parametrize("error", [http.Unreachable("away", sent=False), http.Refused(402, "no money")])
def test_it_says_when_the_provider_does_not_take_it(settings, monkeypatch, error):
    settings.SMS_URL = "https://token@sms.example/"

    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(http, "post_json", refuse)
    with pytest.raises(sms.SmsNotSent, match="cannot send text messages"):
        sms.send_sms("+12125550123", "Hello")
