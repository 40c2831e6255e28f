//! TLS: versions, names, resumption, limits, and plain HTTP on a TLS port.

use std::net::SocketAddr;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::listen::certificate::{Certificate, OutOfTime};
use crate::listen::file_watch;
use crate::listen::socket::{Peer, Raw};

/// Believes everything: these tests look at what is served, not at whether a public root signed it.
#[derive(Debug)]
struct Believer;

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

fn client(versions: &[&'static rustls::SupportedProtocolVersion], alpn: &[&str]) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Believer))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|id| id.as_bytes().to_vec()).collect();
    config
}

const BOTH: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

fn certificate(names: &[&str]) -> Certificate {
    let (chain, key) = crate::listen::certificate::tests::pair(names);
    crate::listen::certificate::tests::made(&chain, &key)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test)
}

async fn connect() -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    let server = server.into_std().unwrap();
    let raw = Raw::new(server.into(), Peer::Tcp(peer));
    (raw.register().unwrap(), client)
}

struct Met {
    server: TlsSocket,
    client: tokio_rustls::client::TlsStream<TcpStream>,
}

impl Met {
    fn certificate(&self) -> Vec<u8> {
        self.client.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }
}

async fn meet(tls: &Tls, config: &Arc<ClientConfig>, name: &'static str) -> Met {
    let (server, client) = connect().await;
    let connector = TlsConnector::from(Arc::clone(config));
    let name = ServerName::try_from(name).unwrap();
    let (server, client) = tokio::join!(
        tls.accept(server, Vec::new()),
        connector.connect(name, client)
    );
    Met {
        server: server.unwrap(),
        client: client.unwrap(),
    }
}

/// One exchange, which also brings the client its TLS 1.3 tickets.
async fn exchange(met: &mut Met) {
    met.client.write_all(b"ping").await.unwrap();
    met.client.flush().await.unwrap();
    let mut buffer = [0; 4];
    met.server.read_exact(&mut buffer).await.unwrap();
    met.server.write_all(b"pong").await.unwrap();
    met.server.flush().await.unwrap();
    met.client.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"pong");
}

fn tls(names: &[&[&str]], settings: &Settings) -> Tls {
    let list = names.iter().map(|names| certificate(names)).collect();
    Tls::new(Certificates::new(list), settings).unwrap()
}

#[test]
fn both_versions_and_both_protocols_are_spoken() {
    let tls = tls(&[&["shop.example"]], &Settings::default());
    run(async {
        for (version, expected) in [
            (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
            (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        ] {
            for (alpn, protocol) in [
                (&["h2", "http/1.1"][..], Protocol::Http2),
                (&["http/1.1"], Protocol::Http1),
                (&["http/1.0"], Protocol::Http1),
                (&[], Protocol::Http1),
            ] {
                let config = Arc::new(client(&[version], alpn));
                let mut met = meet(&tls, &config, "shop.example").await;
                exchange(&mut met).await;
                assert_eq!(met.server.version(), Some(expected));
                assert_eq!(met.server.protocol(), protocol);
                assert_eq!(met.server.server_name(), Some("shop.example"));
            }
        }
    });
}

#[test]
fn an_old_version_is_refused_where_it_is_not_wanted() {
    let settings = Settings {
        versions: Versions::Tls13Only,
        ..Settings::default()
    };
    let tls = tls(&[&["shop.example"]], &settings);
    run(async {
        let (server, client_end) = connect().await;
        let old = Arc::new(client(&[&rustls::version::TLS12], &[]));
        let connector = TlsConnector::from(old);
        let name = ServerName::try_from("shop.example").unwrap();
        let (server, client) = tokio::join!(
            tls.accept(server, Vec::new()),
            connector.connect(name, client_end)
        );
        let error = server.unwrap_err();
        assert!(matches!(error, HandshakeError::Failed(_)), "{error}");
        let told = client.unwrap_err().to_string();
        assert!(told.contains("ProtocolVersion"), "{told}");
    });
}

#[test]
fn the_name_chooses_the_certificate_and_a_reload_changes_it() {
    let tls = tls(
        &[&["default.example"], &["*.shop.example"]],
        &Settings::default(),
    );
    run(async {
        let config = Arc::new(client(BOTH, &[]));
        let default = meet(&tls, &config, "unknown.example").await.certificate();
        let shop = meet(&tls, &config, "www.shop.example").await.certificate();
        assert_ne!(default, shop);
        let config = Arc::new(client(BOTH, &[]));
        assert_eq!(
            meet(&tls, &config, "a.shop.example").await.certificate(),
            shop
        );
        let next = Certificates::new(vec![certificate(&["default.example"])]);
        tls.certificates().replace(next);
        let config = Arc::new(client(BOTH, &[]));
        let after = meet(&tls, &config, "unknown.example").await.certificate();
        assert_ne!(after, default);
    });
}

#[test]
fn sessions_resume_on_every_worker_and_across_a_reload() {
    let tls = tls(&[&["shop.example"]], &Settings::default());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = Arc::new(client(&[version], &[]));
        let first = tls.clone();
        let met = |tls: Tls| {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                run(async {
                    let mut met = meet(&tls, &config, "shop.example").await;
                    exchange(&mut met).await;
                    met.server.is_resumed()
                })
            })
            .join()
            .unwrap()
        };
        assert!(!met(first));
        let next = Certificates::new(vec![certificate(&["shop.example"])]);
        tls.certificates().replace(next);
        assert!(met(tls.clone()), "{version:?}");
    }
}

#[test]
fn bytes_that_were_read_before_are_not_lost() {
    let tls = tls(&[&["shop.example"]], &Settings::default());
    run(async {
        for count in [1, 2, 5, 100, 4096] {
            let (server, client_end) = connect().await;
            let connector = TlsConnector::from(Arc::new(client(BOTH, &[])));
            let name = ServerName::try_from("shop.example").unwrap();
            let accept = async {
                server.readable().await.unwrap();
                let mut already = vec![0; count];
                let count = server.try_read(&mut already).unwrap();
                already.truncate(count);
                tls.accept(server, already).await
            };
            let (server, client) = tokio::join!(accept, connector.connect(name, client_end));
            let (server, client) = (server.unwrap(), client.unwrap());
            exchange(&mut Met { server, client }).await;
        }
    });
}

#[test]
fn plain_http_is_handed_back_with_what_it_said() {
    let tls = tls(&[&["shop.example"]], &Settings::default());
    run(async {
        let (server, mut client) = connect().await;
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = tls.accept(server, Vec::new()).await.unwrap_err();
        let HandshakeError::PlainHttp { mut socket, bytes } = error else {
            panic!("{error}");
        };
        assert_eq!(bytes, b"GET / HTTP/1.1\r\n\r\n");
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        drop(socket);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    });
}

#[test]
fn garbage_is_answered_by_an_alert() {
    let tls = tls(&[&["shop.example"]], &Settings::default());
    run(async {
        let (server, mut client) = connect().await;
        client
            .write_all(&[0x16, 3, 1, 0, 4, 9, 0, 0, 0])
            .await
            .unwrap();
        let error = tls.accept(server, Vec::new()).await.unwrap_err();
        assert!(matches!(error, HandshakeError::Failed(_)), "{error}");
        let mut alert = Vec::new();
        client.read_to_end(&mut alert).await.unwrap();
        assert_eq!(alert.first(), Some(&0x15), "{alert:?}");
    });
}

#[test]
fn silence_and_an_early_end_have_their_own_names() {
    let settings = Settings {
        handshake_time: Duration::from_millis(5),
        ..Settings::default()
    };
    let tls = tls(&[&["shop.example"]], &settings);
    run(async {
        let (server, client) = connect().await;
        let error = tls.accept(server, Vec::new()).await.unwrap_err();
        assert!(matches!(error, HandshakeError::Late(_)), "{error}");
        drop(client);
        let (server, client) = connect().await;
        drop(client);
        let error = tls.accept(server, Vec::new()).await.unwrap_err();
        assert!(matches!(error, HandshakeError::Ended), "{error}");
    });
}

/// What a client says first.
fn client_hello() -> Vec<u8> {
    let name = ServerName::try_from("shop.example").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client(BOTH, &[])), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

#[test]
fn clients_that_begin_and_go_no_further_stop_no_one() {
    let settings = Settings {
        handshakes_max: 2,
        ..Settings::default()
    };
    let tls = tls(&[&["shop.example"]], &settings);
    let hello = client_hello();
    run(async {
        let mut clients = Vec::new();
        let mut under_way = tokio::task::JoinSet::new();
        for said in [&hello[..3], &hello[..hello.len() - 1], &hello] {
            for _ in 0..4 {
                let (server, mut client) = connect().await;
                client.write_all(said).await.unwrap();
                let tls = tls.clone();
                under_way.spawn(async move { tls.accept(server, Vec::new()).await });
                // Until the server has read what there is: the last ones get its flight.
                if said.len() == hello.len() {
                    client.readable().await.unwrap();
                }
                clients.push(client);
            }
        }
        let mut met = meet(&tls, &Arc::new(client(BOTH, &[])), "shop.example").await;
        exchange(&mut met).await;
        // Of the twelve the last one is still waited for; the others had to go, the oldest first.
        for _ in 0..11 {
            let error = under_way.join_next().await.unwrap().unwrap().unwrap_err();
            assert!(matches!(error, HandshakeError::Crowded), "{error}");
        }
        assert!(under_way.try_join_next().is_none(), "it still waits");
        assert_eq!(tls.places.taken(), 1);
    });
}

#[test]
fn whoever_has_said_nothing_takes_no_place() {
    let settings = Settings {
        handshakes_max: 1,
        ..Settings::default()
    };
    let tls = tls(&[&["shop.example"]], &settings);
    run(async {
        let (server, _silent) = connect().await;
        let mut waiting = tokio::task::JoinSet::new();
        let also = tls.clone();
        waiting.spawn(async move { also.accept(server, Vec::new()).await });
        let mut met = meet(&tls, &Arc::new(client(BOTH, &[])), "shop.example").await;
        exchange(&mut met).await;
        assert!(waiting.try_join_next().is_none(), "nobody pushed it away");
    });
}

#[test]
fn renewed_files_are_served_and_broken_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let pair = || crate::listen::certificate::tests::pair(&["shop.example"]);
    let write = |pair: &_| crate::listen::certificate::tests::write(folder.path(), "shop", pair);
    let files = write(&pair());
    let load = || {
        let now = std::time::SystemTime::now();
        Certificates::load(std::slice::from_ref(&files), now, OutOfTime::Refused).unwrap()
    };
    let tls = Tls::new(load(), &Settings::default()).unwrap();
    let quick = file_watch::Settings {
        settle: Duration::from_millis(2),
        ..file_watch::Settings::default()
    };
    run(async {
        let served = async || {
            let config = Arc::new(client(BOTH, &[]));
            meet(&tls, &config, "shop.example").await.certificate()
        };
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let watching = reload::watch(
            Arc::clone(tls.certificates()),
            vec![files.clone()],
            OutOfTime::Refused,
            file_watch::FileWatch::new(reload::paths(std::slice::from_ref(&files)), quick),
            |reload| {
                let _ = tell.send(reload.iter().all(|attempt| attempt.result.is_ok()));
            },
        );
        let test = async {
            let old = served().await;
            // A key that belongs to another certificate, renamed over the right one.
            let other = folder.path().join("other.key");
            std::fs::write(&other, pair().1).unwrap();
            std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            std::fs::rename(&other, &files.key).unwrap();
            assert_eq!(told.recv().await, Some(false));
            assert_eq!(served().await, old);
            write(&pair());
            while told.recv().await != Some(true) {}
            assert_ne!(served().await, old);
        };
        tokio::select! {
            () = watching => panic!("watching ended"),
            () = test => {}
        }
    });
}
