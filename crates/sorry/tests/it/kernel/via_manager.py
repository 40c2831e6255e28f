"""A service manager around a command: SIGHUP restarts it, SIGTERM stops it and lets go of what is kept."""
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from service_manager import ServiceManager

command = sys.argv[1:]
signals = {signal.SIGHUP, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
manager = ServiceManager()
process = manager.start(command)
manager.hear("READY=1")
while True:
    asked = signal.sigwait(signals)
    manager.stop(process)
    if asked == signal.SIGTERM:
        break
    print("kept:", *manager.names(), file=sys.stderr, flush=True)
    process = manager.start(command)
    manager.hear("READY=1")
    print("restarted; still kept:", *manager.names(), file=sys.stderr, flush=True)
