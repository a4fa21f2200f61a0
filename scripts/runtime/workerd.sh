#!/bin/sh
# Starts workerd and notes its process id. Ctrl-C reaches the whole group of a terminal: workerd must outlive it until
# the process that owns it has drained.
trap '' INT
if [ -n "$AGENTOPS_WORKERD_PID" ]; then echo $$ > "$AGENTOPS_WORKERD_PID"; fi
exec "$AGENTOPS_WORKERD" "$@"
