//! An independent client, the `h2` crate, over a pipe in memory: what it reports is what was meant.

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::wire::Page;
use crate::http2::{Connection, Limits, Reason, Scratch, State, Unfinished};

type Asked = Vec<String>;

/// The server's end of a pipe, as a connection loop would be: it reads while it writes, since the
/// client may do one thing at a time.
async fn serve(
    pipe: DuplexStream,
    limits: Limits,
    mut page: Page,
    mut goodbye: oneshot::Receiver<()>,
) -> (State, Asked) {
    let mut connection = Connection::new(&limits, Instant::now());
    let (mut reader, mut writer) = tokio::io::split(pipe);
    let mut scratch = Scratch::default();
    let mut input = vec![0; 4096];
    let mut out = Vec::new();
    loop {
        let state = tokio::select! {
            biased;
            Ok(()) = &mut goodbye, if !goodbye.is_terminated() => connection.go_away(&mut out),
            length = writer.write(&out), if !out.is_empty() => {
                let Ok(length) = length else { return (connection.state(), page.asked) };
                out.drain(..length);
                connection.resume(&mut out)
            }
            length = reader.read(&mut input) => match length.unwrap() {
                0 => return (connection.state(), page.asked),
                length => connection.receive(&input[..length], Instant::now(), &mut scratch, &mut page, &mut out),
            },
        };
        if matches!(state, State::Closed(_)) {
            writer.write_all(&out).await.unwrap();
            return (state, page.asked);
        }
    }
}

/// A connection that hangs is a failure, not a test that never ends.
async fn promptly(test: impl Future<Output = ()>) {
    let limit = Duration::from_secs(30);
    assert!(
        tokio::time::timeout(limit, test).await.is_ok(),
        "nothing goes on"
    );
}

struct Pair {
    client: SendRequest<Bytes>,
    /// What the client's connection ended with.
    ended: JoinHandle<Result<(), h2::Error>>,
    served: JoinHandle<(State, Asked)>,
    goodbye: oneshot::Sender<()>,
}

async fn pair(limits: Limits, page: Page, builder: &h2::client::Builder) -> Pair {
    // Small enough that neither side can write without the other reading.
    let (ours, theirs) = tokio::io::duplex(3000);
    let (goodbye, heard) = oneshot::channel();
    let served = tokio::spawn(serve(theirs, limits, page, heard));
    let (client, connection) = builder.handshake(ours).await.unwrap();
    Pair {
        client,
        ended: tokio::spawn(connection),
        served,
        goodbye,
    }
}

async fn ask(
    client: &mut SendRequest<Bytes>,
    method: &str,
) -> (ResponseFuture, h2::SendStream<Bytes>) {
    let request = Request::builder()
        .method(method)
        .uri("https://a.example/x?y")
        .header("x-number", "1")
        .body(())
        .unwrap();
    let ends = method == "GET";
    let mut ready = client.clone().ready().await.unwrap();
    ready.send_request(request, ends).unwrap()
}

/// Status and body, reading at the pace of flow control.
async fn read(response: ResponseFuture) -> Result<(u16, Vec<u8>), h2::Error> {
    let (head, body) = response.await?.into_parts();
    Ok((head.status.as_u16(), read_body(body).await?))
}

async fn read_body(mut body: h2::RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut octets = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        octets.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len())?;
    }
    Ok(octets)
}

#[tokio::test]
async fn many_streams_at_once() {
    promptly(async {
        let Pair {
            mut client,
            served,
            ended,
            ..
        } = pair(
            Limits::default(),
            Page::of(1500),
            &h2::client::Builder::new(),
        )
        .await;
        let expected = (503, Page::of(1500).body.to_vec());
        for _ in 0..5 {
            let mut waiting = Vec::new();
            for _ in 0..90 {
                waiting.push(ask(&mut client, "GET").await.0);
            }
            for response in waiting {
                assert_eq!(read(response).await.unwrap(), expected);
            }
        }
        drop(client);
        ended.await.unwrap().unwrap();
        let (state, asked) = served.await.unwrap();
        assert_eq!((state, asked.len()), (State::Open, 450));
        assert!(asked.iter().all(|line| line == "GET /x?y x-number=1"));
    })
    .await;
}

#[tokio::test]
async fn large_bodies_through_tiny_windows() {
    promptly(async {
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(100)
            .initial_connection_window_size(150)
            .max_frame_size(16_384);
        let Pair {
            mut client,
            served,
            ended,
            ..
        } = pair(Limits::default(), Page::of(5000), &builder).await;
        let mut waiting = Vec::new();
        for _ in 0..10 {
            waiting.push(tokio::spawn(read(ask(&mut client, "GET").await.0)));
        }
        for response in waiting {
            assert_eq!(
                response.await.unwrap().unwrap(),
                (503, Page::of(5000).body.to_vec())
            );
        }
        drop(client);
        ended.await.unwrap().unwrap();
        assert_eq!(served.await.unwrap().0, State::Open);
    })
    .await;
}

#[tokio::test]
async fn a_body_larger_than_what_may_wait_in_the_output() {
    promptly(async {
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(1 << 24)
            .initial_connection_window_size(1 << 24);
        let limits = Limits {
            unsent_bytes: 10_000,
            ..Limits::default()
        };
        let Pair { mut client, .. } = pair(limits, Page::of(1 << 20), &builder).await;
        let responses = [
            ask(&mut client, "GET").await.0,
            ask(&mut client, "GET").await.0,
        ]
        .map(|response| tokio::spawn(read(response)));
        for response in responses {
            let (status, body) = response.await.unwrap().unwrap();
            assert!(status == 503 && body == Page::of(1 << 20).body);
        }
    })
    .await;
}

/// Sends `octets` as far as the server lets it; returns how many it did not want.
async fn upload(mut stream: h2::SendStream<Bytes>, octets: usize) -> usize {
    let mut left = octets;
    while left > 0 {
        stream.reserve_capacity(left.min(16_384));
        let capacity = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
        let Some(Ok(capacity)) = capacity else { break };
        let piece = capacity.min(left);
        if stream
            .send_data(Bytes::from(vec![0; piece]), left == piece)
            .is_err()
        {
            break;
        }
        left -= piece;
    }
    left
}

#[tokio::test]
async fn uploads_are_answered_and_read() {
    promptly(async {
        let Pair {
            mut client,
            served,
            ended,
            ..
        } = pair(
            Limits::default(),
            Page::of(1500),
            &h2::client::Builder::new(),
        )
        .await;
        for _ in 0..3 {
            let (response, body) = ask(&mut client, "POST").await;
            let sending = tokio::spawn(upload(body, 300_000));
            assert_eq!(
                read(response).await.unwrap(),
                (503, Page::of(1500).body.to_vec())
            );
            assert_eq!(sending.await.unwrap(), 0);
        }
        drop(client);
        ended.await.unwrap().unwrap();
        assert_eq!(served.await.unwrap().0, State::Open);
    })
    .await;
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_answered_and_stopped() {
    promptly(async {
        let limits = Limits {
            unread_body_bytes: 100_000,
            ..Limits::default()
        };
        let Pair { mut client, .. } =
            pair(limits, Page::of(1500), &h2::client::Builder::new()).await;
        let (response, body) = ask(&mut client, "POST").await;
        let sending = tokio::spawn(upload(body, 10_000_000));
        assert_eq!(
            read(response).await.unwrap(),
            (503, Page::of(1500).body.to_vec())
        );
        let left = sending.await.unwrap();
        assert!((9_000_000..9_900_000).contains(&left), "{left}");
    })
    .await;
}

#[tokio::test]
async fn a_reset_after_the_answer_leaves_the_answer_whole() {
    promptly(async {
        let mut page = Page::of(1500);
        page.unfinished = Unfinished::Reset;
        let Pair { mut client, .. } =
            pair(Limits::default(), page, &h2::client::Builder::new()).await;
        let (response, _body) = ask(&mut client, "POST").await;
        assert_eq!(
            read(response).await.unwrap(),
            (503, Page::of(1500).body.to_vec())
        );
    })
    .await;
}

#[tokio::test]
async fn streams_that_the_client_resets_are_forgotten() {
    promptly(async {
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(10)
            .max_concurrent_reset_streams(200);
        let Pair { mut client, .. } = pair(
            Limits {
                streams: 10,
                ..Limits::default()
            },
            Page::of(1500),
            &builder,
        )
        .await;
        for _ in 0..100 {
            let (response, mut body) = ask(&mut client, "POST").await;
            response.await.unwrap();
            body.send_reset(h2::Reason::CANCEL);
        }
        let (response, _) = ask(&mut client, "GET").await;
        assert_eq!(
            read(response).await.unwrap().0,
            503,
            "a hundred resets of ten streams leave room"
        );
    })
    .await;
}

#[tokio::test]
async fn a_graceful_shutdown_loses_nothing() {
    promptly(async {
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(100);
        let Pair {
            mut client,
            ended,
            served,
            goodbye,
        } = pair(Limits::default(), Page::of(1500), &builder).await;
        let mut begun = Vec::new();
        for _ in 0..20 {
            begun.push(ask(&mut client, "GET").await.0.await.unwrap().into_body());
        }
        goodbye.send(()).unwrap();
        for body in begun {
            assert_eq!(read_body(body).await.unwrap(), Page::of(1500).body);
        }
        ended.await.unwrap().unwrap();
        assert_eq!(served.await.unwrap().0, State::Closed(Reason::Drained));
    })
    .await;
}
