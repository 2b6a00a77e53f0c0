// Invitations that wait, were used or became too old.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { usePages } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { mail } from "../../ui/icons";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import type said from "../said/en";
import type en from "./en";

const t = wordsOf<typeof en & typeof said>();

type Invitation = Schema<"Invitation">;

function State({ one }: { one: Invitation }) {
  if (one.used_at) {
    return <Badge tone="good">{t("invitations.used")}</Badge>;
  }
  return new Date(one.expires_at) < new Date() ? <Badge>{t("invitations.over")}</Badge> : <Badge tone="note">{t("invitations.open")}</Badge>;
}

export function Invitations() {
  const pages = usePages((after) => ask(api.GET("/api/admin/invitations", { params: { query: { after, limit: 50 } } })));
  const [asking, setAsking] = useState<Invitation>();
  const columns: Column<Invitation>[] = [
    { name: "email", label: t("users.email"), cell: ({ email }) => <bdi dir="ltr">{email}</bdi> },
    { name: "role", label: t("users.role"), cell: ({ role }) => t(`role.${role}`) },
    { name: "state", label: t("invitations.state"), cell: (one) => <State one={one} /> },
    { name: "sent", label: t("invitations.sent"), cell: ({ created_at }) => <Time at={created_at} /> },
    { name: "expires", label: t("invitations.expires"), cell: ({ expires_at }) => <Time at={expires_at} /> },
    {
      name: "acts",
      label: "",
      cell: (one) =>
        one.used_at ? null : (
          <Button isSmall look="quiet" onClick={() => setAsking(one)}>
            {t("invitations.withdraw")}
          </Button>
        ),
    },
  ];
  const empty = (
    <Nothing icon={mail} title={t("invitations.none")}>
      <p>{t("invitations.none.says")}</p>
    </Nothing>
  );
  const withdraw = async ({ id }: Invitation) => {
    await ask(api.DELETE("/api/admin/invitations/{id}", { params: { path: { id } } }));
    pages.put((now) => ({ ...now, items: now.items.filter((one) => one.id !== id) }));
  };
  return (
    <div class="card">
      <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={empty}>
        {({ items }) => (
          <>
            <Table label={t("users.tab.invitations")} columns={columns} rows={items} keyOf={({ id }) => id} />
            <More pages={pages} />
          </>
        )}
      </Block>
      {asking && (
        <Confirm title={t("invitations.withdraw.ask", { email: asking.email })} label={t("invitations.withdraw")} isDanger act={() => withdraw(asking)} onClose={() => setAsking(undefined)}>
          <p>{t("invitations.withdraw.says")}</p>
        </Confirm>
      )}
    </div>
  );
}
