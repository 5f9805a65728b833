from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0002_identity_history")]
    operations = [
        migrations.AddField(
            model_name="enterprise",
            name="extra",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="自定义内容"),
        ),
    ]
