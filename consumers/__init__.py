"""What comes in and goes out: deliveries of MIS messages, from files now and from Kafka later, decided and recorded."""
