# --8<-- [start:sink]
from fastapi import FastAPI
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.opentelemetry_sink import OpenTelemetrySink

sink = OpenTelemetrySink()  # after your application set up OpenTelemetry
app = FastAPI()
auth = JWTAuth.from_env(events=[sink])
auth.install(app)
sink.watch(auth.kit)
# --8<-- [end:sink]
