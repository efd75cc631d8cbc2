//! The least an actix server can do: answers every request with the same bytes. What the load
//! script measures the real server against.
//!
//! `bare_handler PORT FILE` serves the content of FILE as JSON on the loopback address.

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(file)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: bare_handler PORT FILE");
    };
    let body = web::Bytes::from(std::fs::read(file)?);
    HttpServer::new(move || {
        let body = body.clone();
        App::new().default_service(web::to(move || {
            let body = body.clone();
            async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }
        }))
    })
    .bind(("127.0.0.1", port.parse()?))?
    .run()
    .await?;
    Ok(())
}
