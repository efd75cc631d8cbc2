//! Styles, scripts and icons, compiled in. Their addresses name their content, so that browsers keep them for good.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use sha2::{Digest as _, Sha256};

use super::PageError;
use crate::service::secrets::hex;

/// Something that pages load.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    body: &'static str,
}

static ASSETS: [Asset; 3] = [
    Asset {
        name: "pages.css",
        media_type: "text/css; charset=utf-8",
        body: concat!(
            include_str!("../assets/base.css"),
            include_str!("../assets/layout.css"),
            include_str!("../assets/forms.css"),
            include_str!("../assets/incidents.css"),
            include_str!("../assets/people.css"),
            include_str!("../assets/timeline.css"),
            include_str!("../assets/load.css"),
            include_str!("../assets/ahead.css"),
            include_str!("../assets/print.css"),
        ),
    },
    Asset {
        name: "pages.js",
        media_type: "text/javascript; charset=utf-8",
        body: concat!(
            "\"use strict\";\n",
            include_str!("../assets/times.js"),
            include_str!("../assets/board.js"),
            include_str!("../assets/forms.js"),
            include_str!("../assets/live.js"),
            include_str!("../assets/timeline.js"),
        ),
    },
    Asset {
        name: "icon.svg",
        media_type: "image/svg+xml",
        body: include_str!("../assets/icon.svg"),
    },
];

/// Tells this build's content from every other's.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    for asset in &ASSETS {
        all.update(asset.body);
    }
    hex(&all.finalize()).chars().take(12).collect()
});

/// `GET /assets/{version}/{name}`: of whatever version is asked for, there is only this one.
#[get("/assets/{version}/{name}")]
pub async fn serve(path: web::Path<(String, String)>) -> Result<HttpResponse, PageError> {
    let (version, name) = path.into_inner();
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or_else(PageError::no_such_page)?;
    let kept = if version == *VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Ok(HttpResponse::Ok()
        .content_type(asset.media_type)
        .insert_header((header::CACHE_CONTROL, kept))
        .body(asset.body))
}
