/** Certificates of a broker and of a client, made by the `keytool` of Java for one run. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificates {
  readonly password: string;
  /** The key of the broker, and the certificates of the clients that it trusts: PKCS 12. */
  readonly brokerKeys: string;
  readonly trustedClients: string;
  /** The certificate of the broker, and one that has nothing to do with it: PEM. */
  readonly brokerCertificate: string;
  readonly otherCertificate: string;
  /** The key of a client whose certificate the broker trusts: PKCS 12. */
  readonly clientKeys: Buffer;
}

/** Makes certificates of `localhost` in a folder. */
export function makeCertificates(folder: string): Certificates {
  const password = "of-the-key-store";
  const keytool = (args: readonly string[]): string =>
    execFileSync("keytool", [...args, "-storetype", "PKCS12", "-storepass", password], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const make = (name: string): string => {
    const store = join(folder, `${name}.p12`);
    const names = ["-dname", `CN=${name}`, "-ext", "san=dns:localhost"];
    keytool(["-genkeypair", "-alias", name, "-keyalg", "EC", "-validity", "2", "-keystore", store, ...names]);
    return store;
  };
  const certificateIn = (store: string, name: string): string =>
    keytool(["-exportcert", "-rfc", "-alias", name, "-keystore", store]);
  const [brokerKeys, clientKeys, otherKeys] = [make("broker"), make("client"), make("other")];
  const trustedClients = join(folder, "trusted.p12");
  const file = join(folder, "client.pem");
  keytool(["-exportcert", "-rfc", "-alias", "client", "-keystore", clientKeys, "-file", file]);
  keytool(["-importcert", "-noprompt", "-alias", "client", "-file", file, "-keystore", trustedClients]);
  return {
    password,
    brokerKeys,
    trustedClients,
    brokerCertificate: certificateIn(brokerKeys, "broker"),
    otherCertificate: certificateIn(otherKeys, "other"),
    clientKeys: readFileSync(clientKeys),
  };
}
