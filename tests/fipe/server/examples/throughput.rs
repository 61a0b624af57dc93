//! Measures how many prices a second the server answers over kept connections, from another thread of the same process.
//! `cargo run -p fipe-server --example throughput [-- CONNECTIONS SECONDS]`
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fipe_server::{FipeServer, Options, Row, SHIPPED, generate};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let connections = arguments.next().transpose()?.unwrap_or(16);
    let seconds = arguments.next().transpose()?.unwrap_or(3);
    let mut months = generate(SHIPPED);
    let rows: Vec<Row> = months[0].rows().into_iter().filter(|row| row.price.is_some()).collect();
    months.truncate(1);
    let server = FipeServer::start(Options { months, ..Options::default() }).await?;
    let address = server.address();
    let requests: Vec<Vec<u8>> = rows.iter().filter_map(request).collect();
    let answered = AtomicU64::new(0);
    let begin = Instant::now();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..connections as usize)
                .map(|first| {
                    let (requests, answered) = (&requests, &answered);
                    scope.spawn(move || -> std::io::Result<()> {
                        let mut stream = TcpStream::connect(address)?;
                        stream.set_nodelay(true)?;
                        let mut buffer = [0; 4096];
                        for request in requests.iter().cycle().skip(first) {
                            if begin.elapsed() > Duration::from_secs(seconds) {
                                break;
                            }
                            stream.write_all(request)?;
                            let length = stream.read(&mut buffer)?;
                            if !buffer[..length].ends_with(b"\"}") {
                                return Err(std::io::Error::other("not one whole answer"));
                            }
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(())
                    })
                })
                .collect();
            callers
                .into_iter()
                .try_for_each(|caller| caller.join().map_err(|_| std::io::Error::other("a caller panicked"))?)
        })
    })?;
    let rate = answered.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64();
    println!("{rate:.0} prices/s over {connections} connections");
    Ok(())
}

fn request(row: &Row) -> Option<Vec<u8>> {
    let price = row.price.as_ref()?;
    let kind = ["carro", "moto", "caminhao"][usize::from(row.vehicle_type) - 1];
    let body = format!(
        "{{\"codigoTabelaReferencia\":336,\"codigoTipoVeiculo\":{},\"codigoMarca\":{},\"codigoModelo\":{},\"anoModelo\":{},\
         \"codigoTipoCombustivel\":{},\"tipoVeiculo\":\"{kind}\",\"tipoConsulta\":\"tradicional\"}}",
        row.vehicle_type, row.brand_code, row.model_code, price.model_year, price.fuel_code
    );
    let head = "POST /api/veiculos/ConsultarValorComTodosParametros HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\n\
        Accept-Encoding: gzip, br\r\nContent-Type: application/json\r\n";
    let mut request = Vec::new();
    write!(request, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    Some(request)
}
