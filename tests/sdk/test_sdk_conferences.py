"""Conferences with the official SDK, unmodified and strict, against a simulator on a real socket."""

from __future__ import annotations

from urllib.request import urlopen

import pytest
import telnyx

from tests.sdk.live import APP, BOTH_CLIENTS, CALLEE, CONNECTION, Application, Simulator

pytestmark = BOTH_CLIENTS

NAME = "Frühbesprechung 1"
AUDIO = "https://media.example/a.mp3"


def answered(client: telnyx.Telnyx, simulator: Simulator, application: Application) -> str:
    """A caller who is answered; the leg's id."""
    leg = simulator.ring(webhook_url=application.url)
    client.calls.actions.answer(leg)
    application.wait_for("call.answered", leg)
    return leg


def convene(client: telnyx.Telnyx, simulator: Simulator, application: Application) -> tuple[str, list[str]]:
    """A conference of three callers: its id, and theirs."""
    legs = [answered(client, simulator, application) for _ in range(3)]
    created = client.conferences.create(
        call_control_id=legs[0],
        name=NAME,
        beep_enabled="on_enter",
        comfort_noise=False,
        duration_minutes=30,
        max_participants=10,
        region="Europe",
        client_state="QQ==",
        command_id="one",
    ).data
    assert created is not None
    assert (created.name, created.status, created.record_type, created.region) == (
        NAME,
        "in_progress",
        "conference",
        "Europe",
    )
    assert application.wait_for("conference.created", legs[0]).conference_id == created.id
    for leg in legs[1:]:
        joined = client.conferences.actions.join(NAME, call_control_id=leg, mute=False, supervisor_role="none").data
        assert joined is not None
        assert joined.result == "ok"
        assert application.wait_for("conference.participant.joined", leg).conference_id == created.id
    return created.id, legs


def test_members_are_listed_and_changed(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        conference, legs = convene(client, simulator, application)
        actions = client.conferences.actions
        actions.mute(NAME, call_control_ids=legs[:2])
        actions.unmute(NAME, call_control_ids=legs[:1])
        actions.hold(conference, call_control_ids=legs[2:], audio_url=AUDIO)
        actions.update(NAME, call_control_id=legs[2], supervisor_role="whisper", whisper_call_control_ids=legs[:1])
        listed = list(client.conferences.list_participants(conference, page_size=1))
        assert [(one.call_control_id, one.muted, one.on_hold, one.status) for one in listed] == [
            (legs[0], False, False, "joined"),
            (legs[1], True, False, "joined"),
            (legs[2], False, True, "joined"),
        ]
        (whisperer,) = client.conferences.list_participants(NAME, filter={"whispering": True})
        assert (whisperer.call_control_id, whisperer.whisper_call_control_ids) == (legs[2], legs[:1])
        assert (whisperer.conference.id, whisperer.conference.name) == (conference, NAME)
        actions.unhold(NAME, call_control_ids=legs[2:])
        shown = client.conferences.retrieve_participant(whisperer.id, id=conference).data
        assert shown is not None
        assert (shown.on_hold, shown.conference_id, shown.status) == (False, conference, "joined")
        changed = client.conferences.update_participant(
            whisperer.id, id=conference, end_conference_on_exit=True, beep_enabled="always"
        ).data
        assert changed is not None
        assert changed.end_conference_on_exit is True
        actions.leave(NAME, call_control_id=legs[2])
        application.wait_for("conference.participant.left", legs[2])
        for leg in legs[:2]:
            assert application.wait_for("call.hangup", leg).hangup_cause == "time_limit"
        assert application.wait_for("conference.ended", legs[0]).reason == "host_left"
        over = client.conferences.retrieve(conference).data
        assert over is not None
        assert over.ended_by is not None
        assert (over.status, over.end_reason, over.ended_by.call_control_id) == ("completed", "host_left", legs[2])


def test_everything_that_is_heard_in_a_conference(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        conference, legs = convene(client, simulator, application)
        actions = client.conferences.actions
        actions.record_start(NAME, format="wav", channels="single", custom_file_name="mine", play_beep=True)
        actions.speak(NAME, payload="Good day.", voice="female")
        actions.play(NAME, audio_url=AUDIO, loop=1)
        actions.speak(NAME, payload="Only you.", voice="female", call_control_ids=legs[1:2])
        actions.play(NAME, media_name="a", loop="infinity", call_control_ids=legs[2:])
        actions.send_dtmf(conference, digits="1w2", duration_millis=100)
        actions.gather_dtmf_audio(conference, call_control_id=legs[1], audio_url=AUDIO, maximum_digits=1)
        application.wait_for("conference.participant.speak.ended", legs[1])
        application.wait_for("conference.participant.playback.started", legs[2])
        simulator.control("POST", f"/calls/{legs[1]}/press", {"digits": "5"})
        assert application.wait_for("call.gather.ended", legs[1]).digits == "5"
        simulator.control("POST", f"/calls/{legs[0]}/say", {"text": "Yes."})
        application.wait_for_any("conference.floor.changed")
        application.wait_for_any("conference.playback.ended")
        actions.stop(NAME)
        application.wait_for("conference.participant.playback.ended", legs[2])
        actions.record_pause(NAME)
        actions.record_resume(NAME)
        actions.record_stop(NAME)
        saved = application.wait_for("conference.recording.saved", legs[0])
        assert (saved.conference_id, saved.format, saved.channels) == (conference, "wav", "single")
        with urlopen(saved.recording_urls.wav) as file:
            assert file.read(4) == b"RIFF"
        actions.end_conference(conference, command_id="end")
        actions.end_conference(conference, command_id="end")
        for leg in legs:
            application.wait_for("call.hangup", leg)
        application.wait_for("conference.ended", legs[0])
    assert application.names(legs[0])[-3:] == [
        "call.hangup",
        "conference.participant.left",
        "conference.ended",
    ]


def test_conferences_are_listed_page_by_page(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        leg = answered(client, simulator, application)
        names = [f"conference {number}" for number in range(25)]
        for name in names:
            client.conferences.create(call_control_id=leg, name=name)
        assert sorted(one.name for one in client.conferences.list(page_size=10)) == sorted(names)
        assert len(list(client.conferences.list())) == len(names)
        (live,) = client.conferences.list(filter={"status": "in_progress"})
        assert live.name == names[-1]
        assert [one.name for one in client.conferences.list(filter={"name": names[3]})] == [names[3]]
        assert list(client.conferences.list(filter={"occurred_at": {"gt": "2031-01-01T00:00:00Z"}})) == []
        with pytest.raises(telnyx.UnprocessableEntityError, match="10031"):
            client.conferences.list(extra_query={"filter[nonsense]": "1"})


def test_what_is_refused_has_its_exception(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        _, legs = convene(client, simulator, application)
        actions = client.conferences.actions
        for wanted, error, call in (
            ("90033", telnyx.UnprocessableEntityError, lambda: client.conferences.create(
                call_control_id=legs[1], name=NAME)),
            ("90044", telnyx.UnprocessableEntityError, lambda: actions.join(NAME, call_control_id=legs[1])),
            ("90058", telnyx.NotFoundError, lambda: actions.mute("nothing")),
            ("90058", telnyx.NotFoundError, lambda: client.conferences.retrieve("nothing")),
            ("10005", telnyx.NotFoundError, lambda: actions.record_stop(
                NAME, recording_id="0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61")),
            ("10033", telnyx.UnprocessableEntityError, lambda: client.conferences.create(
                call_control_id=legs[1], name="other", max_participants=1)),
        ):  # fmt: skip
            with pytest.raises(error, match=wanted):
                call()


def test_dial_leads_into_a_conference(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        dialled = client.calls.dial(
            connection_id=CONNECTION,
            to=CALLEE,
            from_=APP,
            webhook_url=application.url,
            conference_config={"conference_name": NAME, "start_conference_on_create": True},
        ).data
        assert dialled is not None
        application.wait_for("conference.participant.joined", dialled.call_control_id)
        assert application.names(dialled.call_control_id) == [
            "call.initiated",
            "call.answered",
            "conference.created",
            "conference.participant.joined",
        ]
