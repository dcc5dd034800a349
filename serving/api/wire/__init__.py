"""What HTTP asks for whatever the route is: hosts, methods, bodies, turns, and the server underneath."""
