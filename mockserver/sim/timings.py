"""How long things take on the platform, in seconds of simulated time.

The figures with a source are medians of latencies recorded on live calls; they keep the order and the feel of real
traffic. The rest is marked.
"""

INITIATED_AFTER_DIAL = 0.3
"""Response of dial to `call.initiated`: recorded 0.2 to 0.5 s."""

RING = 2.0
"""How long a called person lets it ring. GUESS: people take 3 to 8 s; a developer at a screen should not have to."""

ANSWERED_AFTER_ANSWER = 0.4
"""Response of answer to `call.answered`: recorded 0.3 to 0.9 s."""

HANGUP_AFTER_COMMAND = 0.15
"""Response of hangup to `call.hangup`: recorded 0.12 to 0.2 s."""

CONVERSATION_AFTER_START = 0.8
"""Response of ai_assistant_start to `call.conversation.created`: recorded 0.7 to 0.94 s."""

CONVERSATION_ENDED_AFTER = 0.05
"""`call.hangup` to `call.conversation.ended`: recorded 0.05 s."""

INSIGHTS_AFTER = 3.0
"""`call.conversation.ended` to the insights. GUESS: seconds to minutes are documented."""

SECONDS_PER_CHARACTER = 0.066
"""Speed of synthetic speech: recorded 82 characters in 5.4 s."""

REPLY = 0.7
"""From the end of what a person says to the first sound of the assistant. GUESS: not published."""

THINK = 1.0
"""From the end of what the assistant says to the first sound of a person. GUESS: not published."""

PATIENCE = 8.0
"""How long a person waits for a relay's answer, or its first word, before they go on. GUESS: people differ."""

KEY = 0.25
"""From one key that a person presses to the next; the default length of a key of send_dtmf."""

MEDIA_AFTER_COMMAND = 0.5
"""Response of speak or playback_start to the started webhook: recorded 0.4 to 1.4 s."""

ACTIVITY_AFTER_COMMAND = 0.3
"""Response of a command to the webhook that something has started on a leg. GUESS: like `call.answered`."""

AUDIO = 10.0
"""How long audio is that nobody can look into. GUESS: any length would do."""

RECORDING_SAVED_AFTER = 0.5
"""End of a recording to `call.recording.saved`: recorded 0.5 s."""

RECORDING_URL_KEPT = 600.0
"""How long a recording can be fetched from its URL, documented."""

TRANSCRIPT_AFTER = 1.0
"""`call.recording.saved` to `call.recording.transcription.saved`. GUESS: the order is known, the time is not."""

INTERIM_AFTER = 0.1
TRANSCRIPTION_AFTER = 0.3
"""From the end of what is said to `call.transcription`, interim and final. GUESS: not published."""

STREAM_SILENCE = 2.0
STREAM_PATIENCE = 5.0
"""How long the silence after a line lasts on a streamed leg before time may wait for the application, and until the
person goes on without an answer. GUESS: long enough to tell that somebody has finished."""

BRIDGED_AFTER_COMMAND = 0.1
"""Response of bridge to `call.bridged`. GUESS: not published."""

REFER_AFTER_COMMAND = 0.2
"""Response of refer to `call.refer.started`. GUESS: not published."""

ANALYSIS = 3.5
"""Default of `total_analysis_time_millis` of answering machine detection, documented."""

HUMAN_GREETING = 1.0
"""How soon after the answer a person is told from a machine. GUESS: by their short greeting."""

GREETING = 6.0
"""How long after the answer the greeting of an answering machine ends, with its beep if it has one."""

LONGEST_GREETING = 30.0
"""How long answering machine detection waits for a beep, documented."""

DEEPFAKE_ANALYSIS = 5.0
"""How long after the answer a voice is told from a synthetic one. GUESS: within the 15 s that it may take."""

DEEPFAKE_TIMEOUT = 15.0
DEEPFAKE_RTP_TIMEOUT = 30.0
"""Defaults of `timeout` and `rtp_timeout` of deepfake detection, documented."""

COST_AFTER = 5.0
"""`call.hangup` to `call.cost`. GUESS: that it comes last is known, the time is not."""

CONFERENCE_AFTER_COMMAND = 0.2
"""Response of a command to `conference.created` and `conference.participant.joined`. GUESS: not published."""

CONFERENCE_LIMIT = 14_400.0
"""How long a conference lasts at most, documented."""

QUEUE_KEPT = 3_600.0
"""How long a queue that enqueue created stays when it is empty. GUESS: that it goes is documented, not when."""

CALLER_PATIENCE = 60.0
"""How long a caller listens to ringback before giving up. GUESS: the platform itself never ends such a call."""

RING_TIMEOUT = 30.0
"""Default of `timeout_secs` of dial, documented."""

CALL_LIMIT = 14_400.0
"""Default of `time_limit_secs` of dial, documented."""

ASSISTANT_LIMIT = 1_800.0
"""Default time limit of an assistant's conversation, documented."""

USER_RESPONSE_TIMEOUT = 10.0
"""Default of `user_response_timeout_ms` of gather_using_ai, documented."""

COMMAND_ID_WINDOW = 60.0
"""How long a `command_id` makes later commands void, documented."""

STATUS_KEPT = 600.0
"""How long an ended call can still be retrieved, documented."""


def speech(text: str) -> float:
    """How long it takes to say `text`, in seconds."""
    return len(text) * SECONDS_PER_CHARACTER
