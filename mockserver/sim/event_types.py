"""The types of events: those that a command may name in `webhook_urls` and `webhook_retries_policies`, and ours.

The published ones, those that newer documents describe, and `call.bridge`, which stands in the published example where
`call.bridged` is meant.
"""

EVENT_TYPES = frozenset(
    {
        "call.ai_gather.ended",
        "call.ai_gather.message_history_updated",
        "call.ai_gather.partial_results",
        "call.answered",
        "call.bridge",
        "call.bridged",
        "call.conversation.created",
        "call.conversation.ended",
        "call.conversation.start_failed",
        "call.conversation_insights.generated",
        "call.cost",
        "call.deepfake_detection.error",
        "call.deepfake_detection.result",
        "call.dequeued",
        "call.dtmf.received",
        "call.enqueued",
        "call.fork.started",
        "call.fork.stopped",
        "call.gather.ended",
        "call.hangup",
        "call.hold",
        "call.initiated",
        "call.machine.detection.ended",
        "call.machine.greeting.ended",
        "call.machine.premium.detection.ended",
        "call.machine.premium.greeting.ended",
        "call.playback.ended",
        "call.playback.started",
        "call.recording.error",
        "call.recording.saved",
        "call.recording.transcription.saved",
        "call.refer.completed",
        "call.refer.failed",
        "call.refer.started",
        "call.sip_info.received",
        "call.speak.ended",
        "call.speak.started",
        "call.transcription",
        "call.unhold",
        "conference.created",
        "conference.ended",
        "conference.floor.changed",
        "conference.participant.joined",
        "conference.participant.left",
        "conference.participant.playback.ended",
        "conference.participant.playback.started",
        "conference.participant.speak.ended",
        "conference.participant.speak.started",
        "conference.playback.ended",
        "conference.playback.started",
        "conference.recording.saved",
        "conference.speak.ended",
        "conference.speak.started",
        "siprec.failed",
        "siprec.started",
        "siprec.stopped",
        "streaming.failed",
        "streaming.started",
        "streaming.stopped",
    }
)
"""All that a command may name."""

NEVER = frozenset({"call.bridge", "call.conversation.start_failed", "call.sip_info.received"})
"""A name of the published example that no event has, and two that newer documents name and nowhere describe."""

EMITTED = EVENT_TYPES - NEVER
"""Those that the simulation emits."""
