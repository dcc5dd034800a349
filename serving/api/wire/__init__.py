"""What HTTP asks for whatever the route is: hosts, methods, bodies, and the server underneath."""
