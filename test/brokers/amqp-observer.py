"""Consumes from an AMQP 1.0 address with Qpid Proton and prints each message as a line of JSON. Settings: one JSON argument."""

import json
import sys

from proton import Terminus
from proton.handlers import MessagingHandler
from proton.reactor import Container, ReceiverOption


class Durable(ReceiverOption):
    def apply(self, receiver):
        receiver.source.durability = Terminus.DELIVERIES


class Observer(MessagingHandler):
    def __init__(self, settings):
        super().__init__(prefetch=100, auto_accept=settings["acknowledge"])
        self.settings = settings

    def on_start(self, event):
        connection = event.container.connect(
            f"amqp://127.0.0.1:{self.settings['port']}",
            user=self.settings["username"],
            password=self.settings["password"],
            allowed_mechs="PLAIN",
            reconnect=False,
        )
        options = [Durable()] if self.settings["durable"] else []
        event.container.create_receiver(connection, self.settings["address"], options=options)

    def on_link_opened(self, event):
        say({"ready": True})

    def on_message(self, event):
        message = event.message
        body = message.body
        is_text = isinstance(body, str)
        say({
            "id": message.id,
            "correlationId": message.correlation_id,
            "subject": message.subject,
            # Proton says "None" for a message without one.
            "contentType": None if message.content_type in (None, "None") else message.content_type,
            "creationTimeMs": round(message.creation_time * 1000),
            "durable": message.durable,
            "redelivered": not message.first_acquirer or message.delivery_count > 0,
            "properties": message.properties or {},
            "section": "value" if is_text else "data",
            "body": (body.encode() if is_text else bytes(body or b"")).hex(),
        })

    def on_transport_error(self, event):
        sys.exit(f"transport: {event.transport.condition}")

    def on_link_error(self, event):
        sys.exit(f"link: {event.link.remote_condition}")

    def on_session_error(self, event):
        sys.exit(f"session: {event.session.remote_condition}")

    def on_connection_error(self, event):
        sys.exit(f"connection: {event.connection.remote_condition}")

    def on_disconnected(self, event):
        sys.exit("The broker closed the connection.")


def say(line):
    print(json.dumps(line, default=str), flush=True)


Container(Observer(json.loads(sys.argv[1]))).run()
