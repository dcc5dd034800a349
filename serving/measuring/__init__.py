"""What analytics are built from: alarms, lines that are crossed, minutes, shapes."""
