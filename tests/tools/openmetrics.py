# openmetrics.py: what a program prints is read by the parser of Prometheus' own client library. openmetrics.py COMMAND [ARGUMENT...]
# Touches the program only. Fails when the parser does, or when there is less than eddy tells.
import subprocess
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

text = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE).stdout.decode()
families = {family.name: family for family in text_string_to_metric_families(text)}
for name, kind, unit in (("eddy_loop", "info", ""), ("eddy_loop_callbacks", "counter", ""), ("eddy_loop_tasks", "gauge", ""),
                         ("eddy_loop_idle_seconds", "counter", "seconds"), ("eddy_loop_system_calls", "counter", "")):
    family = families[name]
    assert (family.type, family.unit) == (kind, unit), family
    assert family.documentation and family.samples, family
assert len(families) >= 20, sorted(families)
print(len(families), "families")
