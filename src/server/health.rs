//! Is it alive, is it ready, how is it doing.

use actix_web::{HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::domain::time::zone;
use crate::service::App;

/// `GET /healthz`: it is alive.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// `GET /readyz`: 200 once a roster is loaded; says what does not work, and since when.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let health = app.health();
    let mut response = if health.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.json(json!({
        "ready": health.ready,
        "degraded": !health.reasons.is_empty(),
        "degraded_since": health.since,
        "reasons": health.reasons,
        "roster_version": app.snapshots.current().version(),
        "zone_data": zone::version(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

/// `GET /metrics`: for Prometheus.
pub async fn metrics(app: web::Data<App>, handle: web::Data<PrometheusHandle>) -> HttpResponse {
    let snapshot = app.snapshots.current();
    gauge("dogwatch_people", snapshot.people().len());
    gauge("dogwatch_teams", snapshot.teams().count());
    gauge("dogwatch_rotations", snapshot.timelines().count());
    gauge(
        "dogwatch_database_away",
        usize::from(app.snapshots.stale_since().is_some()),
    );
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(handle.render())
}

fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(u32::try_from(value).unwrap_or(u32::MAX));
}
