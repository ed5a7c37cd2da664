"""A real Kafka broker without containers, for development and tests: `python -m deploy.kafka start`."""

from deploy.kafka.broker import Broker, BrokerError, User, missing_tools

__all__ = ["Broker", "BrokerError", "User", "missing_tools"]
