//! How the in-kernel responder is shown: as a table, and as metrics.

use expect_test::expect;

use super::super::exposition::{Format, Page};
use super::super::kernel_metrics;
use super::super::moment::Moment;
use super::*;
use crate::admin::kernel::{SelfTest, VipStanding};

const NOW: u64 = 1_767_225_600;

fn standing() -> KernelStanding {
    let vip = |address: &str, mode: &str, wanted: &str| VipStanding {
        address: address.to_owned(),
        interface: "eth0".to_owned(),
        mode: mode.to_owned(),
        wanted: wanted.to_owned(),
    };
    let counts = [
        ("syn", 48_211),
        ("page", 48_000),
        ("head", 202),
        ("foreign", 7),
    ];
    KernelStanding {
        interfaces: vec![
            InterfaceStanding {
                name: "eth0".to_owned(),
                hook: Hook::Tc,
                behind: false,
                why: Some("another XDP program is attached to eth0".to_owned()),
                selftest: Some(SelfTest {
                    tried: 8,
                    wrong: vec!["shop: JSON over IPv4: it is not".to_owned()],
                }),
                lease_seconds: Some(10),
            },
            InterfaceStanding {
                name: "eth1".to_owned(),
                hook: Hook::None,
                behind: false,
                why: Some("eth1 has gone".to_owned()),
                selftest: None,
                lease_seconds: None,
            },
        ],
        sites: vec![KernelSite {
            site: "shop".to_owned(),
            when: "when down".to_owned(),
            bytes: 4470,
            segments: 4,
            listens: false,
            unsayable: None,
            older: false,
            overloaded: None,
            proven: Some(true),
            waits_seconds: None,
            vips: vec![
                vip("203.0.113.10:80", "on", "on"),
                vip("[2001:db8::10]:80", "unknown", "on"),
                vip("203.0.113.11:80", "absent", "on"),
                vip("203.0.113.12:80", "absent", "off"),
            ],
            counts: counts
                .map(|(what, number)| (what.to_owned(), number))
                .into(),
            seen: Some(Moment(NOW - 60)),
        }],
    }
}

#[test]
fn people_read_where_it_is_and_what_it_does() {
    let look = Look::plain(100, Moment(NOW));
    expect![[r#"
        INTERFACE  HOOK  SELF-TEST     LEASE
        eth0       tc    1 of 8 wrong  10 s
          another XDP program is attached to eth0
          shop: JSON over IPv4: it is not
        eth1       none  -             -
          eth1 has gone

        IN THE KERNEL        MODE       INTERFACE  CONNECTIONS  REQUESTS  LAST SEEN
        shop                 when down             48211        48202     2025-12-31 23:59
          203.0.113.10:80    on         eth0
          [2001:db8::10]:80  unknown    eth0
          203.0.113.11:80    absent     eth0
          203.0.113.12:80    absent     eth0
          the page has 4470 bytes with its head, in 4 packets
    "#]]
    .assert_eq(&standing().render(&look).unwrap());
    let mut both = standing();
    both.interfaces.truncate(1);
    (both.interfaces[0].hook, both.interfaces[0].behind) = (Hook::Xdp, true);
    let shown = both.render(&look).unwrap();
    assert!(shown.contains("eth0       xdp, tc  1 of 8"), "{shown}");
    let empty = KernelStanding {
        interfaces: Vec::new(),
        sites: Vec::new(),
    };
    assert_eq!(empty.render(&look), None);
    let counts = standing().render_counts(&look);
    assert!(
        counts.contains("shop  syn         48211   SYNs"),
        "{counts}"
    );
}

#[test]
fn monitors_read_the_same() {
    let mut page = Page::new(Format::Text);
    kernel_metrics::render(&mut page, &standing());
    let text = page.finish();
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    expect![[r#"
        sorry_kernel_attached{interface="eth0",hook="tc"} 1
        sorry_kernel_attached{interface="eth1",hook="none"} 1
        sorry_kernel_selftest_wrong{interface="eth0"} 1
        sorry_kernel_mode{site="shop",vip="203.0.113.10:80",interface="eth0",mode="on"} 1
        sorry_kernel_mode{site="shop",vip="[2001:db8::10]:80",interface="eth0",mode="unknown"} 1
        sorry_kernel_mode{site="shop",vip="203.0.113.11:80",interface="eth0",mode="absent"} 1
        sorry_kernel_mode{site="shop",vip="203.0.113.12:80",interface="eth0",mode="absent"} 1
        sorry_kernel_as_wanted{site="shop",vip="203.0.113.10:80",interface="eth0"} 1
        sorry_kernel_as_wanted{site="shop",vip="[2001:db8::10]:80",interface="eth0"} 0
        sorry_kernel_as_wanted{site="shop",vip="203.0.113.11:80",interface="eth0"} 0
        sorry_kernel_as_wanted{site="shop",vip="203.0.113.12:80",interface="eth0"} 1
        sorry_kernel_packets_total{site="shop",what="foreign"} 7
        sorry_kernel_packets_total{site="shop",what="head"} 202
        sorry_kernel_packets_total{site="shop",what="page"} 48000
        sorry_kernel_packets_total{site="shop",what="syn"} 48211"#]]
    .assert_eq(&samples.join("\n"));
}

#[test]
fn whoever_counts_on_it_is_told_what_it_does_not_do() {
    let lost = |address: &str| {
        format!(
            "nothing is answered in the kernel for {address} at eth0, visitors reach whatever listens there: there is no room for it, or the self-test has found the page wrong"
        )
    };
    let all = standing();
    let told = all.cautions("shop");
    let gone = "nothing is answered in the kernel at eth1: eth1 has gone; visitors reach whatever listens there".to_owned();
    assert_eq!(
        told,
        [gone, lost("203.0.113.11:80"), lost("203.0.113.12:80")]
    );
    assert_eq!(all.cautions("other"), [""; 0]);
    let mut waits = standing();
    waits.interfaces.truncate(1);
    waits.sites[0].vips.truncate(2);
    assert_eq!(waits.cautions("shop"), [""; 0]);
    waits.sites[0].proven = Some(false);
    waits.sites[0].waits_seconds = Some(7);
    waits.sites[0].overloaded = Some("a worker was busy".to_owned());
    expect![[r#"
        203.0.113.10:80 is on at eth0 (tc)
        [2001:db8::10]:80 is unknown at eth0 (tc)
        it is set, as read back; that packets come this way is not proven, for nobody was answered since
        it is overloaded: a worker was busy
        where the kernel answers, visitors read what was said before for up to 7 s more, so that whoever is being told that hears it to the end"#]]
    .assert_eq(&waits.explain("shop").join("\n"));
    waits.sites[0].unsayable = Some("the page is long".to_owned());
    for (listens, older, told) in [
        (
            false,
            false,
            "nothing is answered in the kernel, visitors reach whatever listens there: the page is long",
        ),
        (
            true,
            false,
            "nothing is answered in the kernel, user space answers there: the page is long",
        ),
        (
            false,
            true,
            "visitors read what was said before, for the kernel cannot say what is said now: the page is long",
        ),
    ] {
        let site = &mut waits.sites[0];
        (site.listens, site.older) = (listens, older);
        assert_eq!(waits.cautions("shop"), [told]);
    }
}
