"""ONVIF's event service: pull points that tell when something begins and ceases to move.

A subscription remembers up to when it has told, and the changes since follow from the time alone. The first pull, and the first
after SetSynchronizationPoint, tell the state as it is.
"""
import itertools
import re
import threading
import time
from datetime import timedelta

from .onvif_topics import event_properties, notification, wanted_topics
from .soap import Fault, element

SUBSCRIPTION_PATH = "/onvif/subscription/"
MAX_SUBSCRIPTIONS = 10
DEFAULT_SECONDS, LONGEST_SECONDS, LONGEST_PULL_SECONDS = 60, 3600, 60


class Subscription:
    def __init__(self, number, topics, ends_at):
        self.path = f"{SUBSCRIPTION_PATH}{number}"
        self.topics = topics
        # By the monotonic clock, as everything but what is told.
        self.ends_at = ends_at
        self.told_until = None
        # More messages than the client took at once.
        self.untold = []
        self.ended = False
        self.changed = threading.Condition()


class EventService:
    """`elapsed()` gives the seconds since the camera's start, which `motion` counts in."""
    prefix = "tev"

    def __init__(self, clock, motion, elapsed):
        self._clock = clock
        self._motion = motion
        self._elapsed = elapsed
        self._numbers = itertools.count(1)
        self._subscriptions = {}
        self.operations = {
            "GetServiceCapabilities": lambda request: [self.capabilities()],
            "GetEventProperties": lambda request: event_properties(),
            "CreatePullPointSubscription": self._create,
        }
        self.subscription_operations = {
            "PullMessages": self._pull,
            "Renew": self._renew,
            "Unsubscribe": self._unsubscribe,
            "SetSynchronizationPoint": self._synchronize,
        }

    def capabilities(self):
        return element("tev:Capabilities", {
            "WSSubscriptionPolicySupport": False,
            "WSPausableSubscriptionManagerInterfaceSupport": False,
            "MaxNotificationProducers": 1,
            "MaxPullPoints": MAX_SUBSCRIPTIONS,
        })

    def subscription(self, path):
        """The living subscription at `path`. Raises Fault."""
        subscription = self._subscriptions.get(path)
        if subscription is None or subscription.ends_at < time.monotonic():
            self._subscriptions.pop(path, None)
            raise Fault("Receiver", ["wsrf:ResourceUnknownFault"], "The subscription does not exist or has ended.")
        return subscription

    def _create(self, request):
        now = time.monotonic()
        self._subscriptions = {path: kept for path, kept in list(self._subscriptions.items()) if kept.ends_at >= now}
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            raise Fault("Receiver", ["ter:OutofMemory"], "Out of Memory", "There are too many subscriptions.")
        seconds = self._seconds_until(request.argument("InitialTerminationTime"))
        subscription = Subscription(next(self._numbers), wanted_topics(request.argument("Filter/TopicExpression")), now + seconds)
        self._subscriptions[subscription.path] = subscription
        return [
            element("tev:SubscriptionReference", element("wsa:Address", request.site + subscription.path)),
            element("wsnt:CurrentTime", self._clock.text()),
            element("wsnt:TerminationTime", self._termination(subscription)),
        ]

    def _pull(self, request, subscription):
        timeout = min(_seconds(request.argument("Timeout", "")) or 0, LONGEST_PULL_SECONDS)
        limit = request.argument("MessageLimit", "1")
        limit = max(1, int(limit)) if limit.isdecimal() else 1
        deadline = time.monotonic() + timeout
        with subscription.changed:
            self._look(subscription)
            while not subscription.untold and not subscription.ended and time.monotonic() < deadline:
                elapsed = self._elapsed()
                seconds = min(deadline - time.monotonic(), self._motion.next_change(elapsed) - elapsed)
                subscription.changed.wait(max(0.001, seconds))
                self._look(subscription)
            messages, subscription.untold = subscription.untold[:limit], subscription.untold[limit:]
        return [
            element("tev:CurrentTime", self._clock.text()),
            element("tev:TerminationTime", self._termination(subscription)),
            *messages,
        ]

    def _look(self, subscription):
        """Adds to `untold` the state, when it was never told, or else the next change since, when there was one."""
        now = self._elapsed()
        if subscription.told_until is None:
            subscription.told_until = now
            subscription.untold = self._notifications(subscription, now, "Initialized")
            return
        at = self._motion.next_change(subscription.told_until)
        if not subscription.untold and at <= now:
            subscription.told_until = at
            subscription.untold = self._notifications(subscription, at, "Changed")

    def _notifications(self, subscription, elapsed, operation):
        at = self._clock.now() - timedelta(seconds=self._elapsed() - elapsed)
        return [notification(topic, self._clock.text(at), operation, self._motion.at(elapsed)) for topic in subscription.topics]

    def _renew(self, request, subscription):
        subscription.ends_at = time.monotonic() + self._seconds_until(request.argument("TerminationTime"))
        return [element("wsnt:TerminationTime", self._termination(subscription)), element("wsnt:CurrentTime", self._clock.text())]

    def _unsubscribe(self, _request, subscription):
        self._subscriptions.pop(subscription.path, None)
        with subscription.changed:
            subscription.ended = True
            subscription.changed.notify_all()
        return []

    def _synchronize(self, _request, subscription):
        with subscription.changed:
            subscription.told_until = None
            subscription.changed.notify_all()
        return []

    def _termination(self, subscription):
        return self._clock.text(self._clock.now() + timedelta(seconds=subscription.ends_at - time.monotonic()))

    def _seconds_until(self, termination):
        """Of a duration or a time by the camera's clock. Raises Fault."""
        if not termination:
            return DEFAULT_SECONDS
        seconds = _seconds(termination)
        if seconds is None:
            seconds = self._clock.seconds_until(termination)
        if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
            raise Fault("Sender", ["wsnt:UnacceptableInitialTerminationTimeFault"], "The termination time is not acceptable.",
                        f"It must be after now, and at most {LONGEST_SECONDS} s.")
        return seconds


def action_header(request):
    """What WS-Addressing puts before the answer to `request`, which is one of this service."""
    if request.name in ("Renew", "Unsubscribe"):
        port = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager"
    elif request.name in ("PullMessages", "SetSynchronizationPoint"):
        port = f"{request.namespace}/PullPointSubscription"
    else:
        port = f"{request.namespace}/EventPortType"
    relates_to = [element("wsa:RelatesTo", request.message_id)] if request.message_id else []
    return [element("wsa:Action", f"{port}/{request.name}Response"), *relates_to]


def _seconds(duration):
    """Of an xs:duration without years and months; None when it is none."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", duration)
    if not match or not any(match.groups()):
        return None
    return sum(float(part or 0) * unit for part, unit in zip(match.groups(), (86400, 3600, 60, 1)))
