"""The events that the pretend camera tells, as ONVIF names them: one state, under the two topics that cameras tell motion by."""
from .soap import Fault, element

CONCRETE_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
CONCRETE = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete"
ITEM_FILTER = "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter"
# Each with the items of its source and the name of its state.
TOPICS = {
    "tns1:VideoSource/MotionAlarm": ({"Source": "video"}, "State"),
    "tns1:RuleEngine/CellMotionDetector/Motion": (
        {"VideoSourceConfigurationToken": "video-source", "VideoAnalyticsConfigurationToken": "analytics", "Rule": "motion"},
        "IsMotion",
    ),
}


def notification(topic, at, operation, moving):
    """`operation`: Initialized or Changed."""
    source, state = TOPICS[topic]
    items = [element("tt:SimpleItem", {"Name": name, "Value": value}) for name, value in source.items()]
    message = element(
        "tt:Message",
        {"UtcTime": at, "PropertyOperation": operation},
        element("tt:Source", *items),
        element("tt:Data", element("tt:SimpleItem", {"Name": state, "Value": moving})),
    )
    return element("wsnt:NotificationMessage", element("wsnt:Topic", {"Dialect": CONCRETE_SET}, topic),
                   element("wsnt:Message", message))


def wanted_topics(expression):
    """Those that a filter names: a topic, a topic and all below it (//.), or several with | between. Raises Fault."""
    if not expression:
        return list(TOPICS)
    alternatives = [alternative.strip() for alternative in expression.split("|")]
    wanted = [topic for topic in TOPICS if any(_is_named(topic, alternative) for alternative in alternatives)]
    if not wanted:
        raise Fault("Sender", ["wsnt:TopicNotSupportedFault"], "The topic is not supported.", expression)
    return wanted


def _is_named(topic, alternative):
    above = alternative.removesuffix("//.")
    return topic == alternative or above != alternative and f"{topic}/".startswith(f"{above}/")


def event_properties():
    return [
        element("tev:TopicNamespaceLocation", "http://www.onvif.org/onvif/ver10/topics/topicns.xml"),
        element("wsnt:FixedTopicSet", True),
        element("wstop:TopicSet", *(_topic(topic, *content) for topic, content in TOPICS.items())),
        element("wsnt:TopicExpressionDialect", CONCRETE_SET),
        element("wsnt:TopicExpressionDialect", CONCRETE),
        element("tev:MessageContentFilterDialect", ITEM_FILTER),
        element("tev:MessageContentSchemaLocation", "http://www.onvif.org/onvif/ver10/schema/onvif.xsd"),
    ]


def _topic(topic, source, state):
    items = [element("tt:SimpleItemDescription", {"Name": name, "Type": "tt:ReferenceToken"}) for name in source]
    data = element("tt:Data", element("tt:SimpleItemDescription", {"Name": state, "Type": "xs:boolean"}))
    description = element("tt:MessageDescription", {"IsProperty": True}, element("tt:Source", *items), data)
    *parents, last = topic.split("/")
    tree = element(last, {"wstop:topic": True}, description)
    for parent in reversed(parents):
        tree = element(parent, tree)
    return tree
