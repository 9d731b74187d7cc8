"""Headers as many servers write them, in words of our own; the domains and addresses are those kept for examples."""

from __future__ import annotations

GMAIL = b"""\
Delivered-To: guest@gmail.com
Received: by 2002:a05:6a10:1234:b0:1 with SMTP id x9csp123;
        Tue, 3 Mar 2026 04:00:09 -0800 (PST)
X-Received: by 2002:a05:6000:1 with SMTP id q1;
        Tue, 03 Mar 2026 04:00:09 -0800 (PST)
ARC-Seal: i=1; a=rsa-sha256; t=1772539209; cv=none; d=google.com; s=arc-1; b=QUJD
ARC-Authentication-Results: i=1; mx.google.com;
       dkim=pass header.i=@builder.test header.s=k1 header.b=abc12345;
       spf=pass (google.com: domain of frontdesk@builder.test designates 192.0.2.25 as permitted sender)
        smtp.mailfrom=frontdesk@builder.test;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=builder.test
Return-Path: <frontdesk@builder.test>
Received: from mail.builder.test (mail.builder.test. [192.0.2.25])
        by mx.google.com with ESMTPS id d2e1a72fcca58-1
        for <guest@gmail.com>
        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
        Tue, 03 Mar 2026 04:00:08 -0800 (PST)
Received-SPF: pass (google.com: domain of frontdesk@builder.test designates 192.0.2.25 as permitted sender)
        client-ip=192.0.2.25;
Authentication-Results: mx.google.com;
       dkim=pass header.i=@builder.test header.s=k1 header.b=abc12345;
       spf=pass (google.com: domain of frontdesk@builder.test designates 192.0.2.25 as permitted sender)
        smtp.mailfrom=frontdesk@builder.test;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=builder.test
Received: from desk.builder.test (desk.builder.test [10.0.0.5])
	(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519)
	(No client certificate requested)
	(Authenticated sender: frontdesk@builder.test)
	by mail.builder.test (Postfix) with ESMTPSA id 4ABC123
	for <guest@gmail.com>; Tue,  3 Mar 2026 12:00:07 +0000 (UTC)
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: =?utf-8?q?R=C3=A9ception?= <frontdesk@builder.test>
To: guest@gmail.com
Subject: Test mail mk-4f1f00aa11: standard, FRONTDESK
Date: Tue, 3 Mar 2026 12:00:06 +0000

This is a test mail.
"""

MICROSOFT = b"""\
Received: from AM0PR04MB4321.eurprd04.prod.outlook.com (2603:10a6:208:c5::14)
 by AM8PR04MB7890.eurprd04.prod.outlook.com with HTTPS; Tue, 3 Mar 2026 12:00:12 +0000
Received: from DU2PR04CA0123.eurprd04.prod.outlook.com (2603:10a6:10:231::8) by
 AM0PR04MB4321.eurprd04.prod.outlook.com (2603:10a6:208:c5::14) with Microsoft
 SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id
 15.20.8423.12; Tue, 3 Mar 2026 12:00:11 +0000
Authentication-Results: spf=softfail (sender IP is 192.0.2.25)
 smtp.mailfrom=builder.test; dkim=none (message not signed)
 header.d=none;dmarc=fail action=quarantine
 header.from=builder.test;compauth=fail reason=001
Received-SPF: SoftFail (protection.outlook.com: domain of transitioning
 builder.test discourages use of 192.0.2.25 as permitted sender)
Received: from mail.builder.test (192.0.2.25) by
 DB5EUR01FT045.mail.protection.outlook.com (10.152.4.253) with Microsoft SMTP
 Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id
 15.20.8423.12 via Frontend Transport; Tue, 3 Mar 2026 12:00:10 +0000
X-Forefront-Antispam-Report: CIP:192.0.2.25;CTRY:CA;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;
 H:mail.builder.test;PTR:mail.builder.test;CAT:SPM;SFS:(13230);DIR:INB;
X-Microsoft-Antispam: BCL:0;ARA:13230;
Return-Path: frontdesk@builder.test
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test
To: guest@hotel.test
Subject: Test

Hello
"""

YAHOO = b"""\
X-Apparently-To: guest@yahoo.com; Tue, 03 Mar 2026 12:00:09 +0000
Return-Path: <frontdesk@builder.test>
Authentication-Results: atlas-production.v2-mail-prod1-gq1.omega.yahoo.com;
 dkim=pass header.i=@builder.test header.s=k1;
 spf=pass smtp.mailfrom=builder.test;
 dmarc=pass(p=REJECT) header.from=builder.test;
Received: from 192.0.2.25 (EHLO mail.builder.test)
 by 10.197.33.7 with SMTPs
 (version=TLS1_2 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
 Tue, 03 Mar 2026 12:00:08 +0000
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

ZOHO = b"""\
Delivered-To: guest@hotel.test
ARC-Authentication-Results: i=1; mx.zohomail.com;
	dkim=fail (body hash did not verify);
	spf=pass  smtp.mailfrom=frontdesk@builder.test;
	dmarc=pass(p=none)  header.from=builder.test
Return-Path: <frontdesk@builder.test>
Received: from mail.builder.test (mail.builder.test [192.0.2.25]) by mx.zohomail.com
	with SMTPS id 1772539208000123; Tue, 3 Mar 2026 04:00:08 -0800 (PST)
Received-SPF: pass (zohomail.com: domain of builder.test designates 192.0.2.25 as permitted sender)
        client-ip=192.0.2.25; envelope-from=frontdesk@builder.test; helo=mail.builder.test;
Authentication-Results: mx.zohomail.com;
	dkim=fail (body hash did not verify);
	spf=pass  smtp.mailfrom=frontdesk@builder.test;
	dmarc=pass(p=none)  header.from=builder.test
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

POSTFIX = b"""\
Return-Path: <frontdesk@builder.test>
X-Original-To: guest@hotel.test
Delivered-To: guest@hotel.test
X-Greylist: delayed 312 seconds by postgrey-1.37 at mx.hotel.test; Tue, 03 Mar 2026 12:05:19 UTC
Received: from mail.builder.test (mail.builder.test [IPv6:2001:db8::25])
	by mx.hotel.test (Postfix) with ESMTP id 4XYZ99
	for <guest@hotel.test>; Tue,  3 Mar 2026 12:05:19 +0000 (UTC)
Authentication-Results: mx.hotel.test;
	dkim=pass (2048-bit key; unprotected) header.d=builder.test header.i=@builder.test header.b="aB/cd+ef";
	spf=pass smtp.mailfrom="frontdesk@builder.test"
Authentication-Results: mx.hotel.test; dmarc=none (p=none dis=none) header.from=builder.test
X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,DKIM_VALID,
	SPF_PASS autolearn=ham version=3.4.6
Received: from desk (unknown [10.0.0.5]) by mail.builder.test (Postfix) with ESMTPSA id 4ABC123;
	Tue,  3 Mar 2026 12:00:07 +0000 (UTC)
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

EXIM = b"""\
Return-path: <frontdesk@builder.test>
Envelope-to: guest@hotel.test
Delivery-date: Tue, 03 Mar 2026 12:00:09 +0000
Received: from mail.builder.test ([192.0.2.25]:41234 helo=[10.0.0.5])
	by mx.hotel.test with esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384
	(Exim 4.96)
	(envelope-from <frontdesk@builder.test>)
	id 1tp0AB-0001Cd-2x
	for guest@hotel.test;
	Tue, 03 Mar 2026 12:00:08 +0000
X-Spam-Score: 7.1
X-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99,URI_PHISH autolearn=no
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

QMAIL = b"""\
Return-Path: <frontdesk@builder.test>
Delivered-To: guest@hotel.test
Received: (qmail 12345 invoked by uid 89); 3 Mar 2026 12:00:09 -0000
Received: from unknown (HELO mail.builder.test) (frontdesk@192.0.2.25)
  by mx.hotel.test with ESMTPA; 3 Mar 2026 12:00:08 -0000
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

SENDMAIL = b"""\
Return-Path: <frontdesk@builder.test>
Received: from mail.builder.test (mail.builder.test [192.0.2.25] (may be forged))
	by mx.hotel.test (8.17.1/8.17.1) with ESMTPS id 523C08Ab012345
	(version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=NOT)
	for <guest@hotel.test>; Tue, 3 Mar 2026 12:00:08 GMT
Message-ID: <4f1f00aa11bb22cc33dd@builder.test>
From: frontdesk@builder.test

Hello
"""

ALL = {
    "gmail": GMAIL,
    "microsoft": MICROSOFT,
    "yahoo": YAHOO,
    "zoho": ZOHO,
    "postfix": POSTFIX,
    "exim": EXIM,
    "qmail": QMAIL,
    "sendmail": SENDMAIL,
}
