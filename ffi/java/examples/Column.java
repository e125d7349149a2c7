import io.tenantseal.Field;
import io.tenantseal.Keyring;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;

/** What README.md shows, run. Argument: a policy document. */
public final class Column {
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("tenantseal");
        byte[] passphrase = "correct horse battery".getBytes(StandardCharsets.UTF_8);
        try (Keyring made = Keyring.create(folder.resolve("keys.ts").toString(), passphrase)) {
            made.installPolicy(new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8));
            made.createTenant("t-1001").close();
        }
        show(folder.resolve("keys.ts").toString(), passphrase, "13800138000", 42);
        for (String file : new String[] {"keys.ts", "keys.ts.lock"}) {
            Files.delete(folder.resolve(file));
        }
        Files.delete(folder);
    }

    private static void show(String path, byte[] passphrase, String number, long id) {
        List<byte[]> numbers = Arrays.asList(number.getBytes(StandardCharsets.UTF_8), null);
        long[] ids = {1, 2};
        // README
        try (Keyring keys = Keyring.open(path, passphrase);
                Field mobile = keys.tenant("t-1001").field("member.mobile")) {
            byte[] sealed = mobile.seal(number, id);                    // sealText gives text
            assert mobile.openText(sealed, id).equals(number);
            List<byte[]> cells = mobile.sealMany(numbers, ids);         // null stays null
            assert cells.get(1) == null;
        }
        // end
    }
}
